import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { z } from 'zod'
import { Fault, reasonOf } from '../../contract/refusal.ts'
import { RecipeManifest, imageId } from '../../image/recipe.ts'
import { writeFileAtomicSync } from '../file/atomic.ts'
import { isSameFile } from '../file/same-file.ts'
import { renameBacking } from '../qemu/disk-image.ts'
import { backingName } from '../qemu/inner-backing.ts'
import { keptDisks } from '../qemu/kept-disk.ts'
import { readSavedState } from '../qemu/saved-state.ts'
import { clearJournal, readJournal, writeJournal } from './journal.ts'
import { SnapshotStore } from './snapshot-store.ts'
import { reviseSuspended, suspendedState } from './suspended.ts'

/**
 * A demonstration guest's disks stand on files of the cache, which they name by the whole path: on a built image, or on the
 * disk of a warm state, which stands on the image. After the cache was moved (or the home with it, or another was named) the
 * same files are in today's cache below the same names. A warm state's disk is known by its random name; an image, which may
 * have been built anew and otherwise, by its content.
 */
const imageEnd = /\/(recipes\/[a-z-]+-[0-9a-f]{16})\/disk\.qcow2$/
const warmEnd = /\/(warm\/[a-z0-9-]+\.disks\/disk-[0-9a-f]{16}\.qcow2)$/
/** An overlay on a warm state's disk on an image, and one to spare. */
const deepest = 4

/** image.json in a guest's folder: the images that its disks were made on, each by the path it had then and its `imageId`. */
const ImageFile = z.strictObject({ form: z.literal(1), images: z.array(z.strictObject({ path: z.string(), id: z.string() })) })

/** Notes on which image the guest is about to get a disk, for the day on which the cache is somewhere else. */
export function noteImage(guestDirectory: string, path: string, id: string): void {
  const images = notedImages(guestDirectory)
  if (images.some((image) => image.path === path && image.id === id)) return
  mkdirSync(guestDirectory, { recursive: true, mode: 0o700 })
  writeFileAtomicSync(join(guestDirectory, 'image.json'), JSON.stringify({ form: 1, images: [...images, { path, id }] }), { durable: true })
}

interface Move {
  readonly disk: string
  readonly base: string
  /** The `imageId` of a base that is an image. */
  readonly image: string | null
}

/** Throws Fault when a disk, or one that it stands on, is not to be found here and now. */
export async function demandBases(disk: string, guestDirectory: string, cache: string): Promise<void> {
  await movesOf(disk, guestDirectory, cache)
}

/**
 * Tells the guest's disks, those that are kept for its snapshots too, where their bases are in today's `cache`, where they
 * name them elsewhere and nothing is there. No data is touched. Answers why the present disk cannot be used all the same, or
 * null. No machine may run. Cut off at whatever point, it is ended by doing it again: each disk names its old or its new base.
 */
export async function followCache(guestDirectory: string, diskPath: string, cache: string): Promise<Fault | null> {
  if (!existsSync(guestDirectory)) return null
  const kept = [`${diskPath}.previous`, ...keptDisks(guestDirectory)].filter((path) => existsSync(path) && !isSameFile(path, diskPath))
  const present = existsSync(diskPath) ? await movesOf(diskPath, guestDirectory, cache).catch(asFault) : []
  const others = await Promise.all(kept.map((disk) => movesOf(disk, guestDirectory, cache).catch(() => []))) // told when it is gone back to
  const moves = unique([present instanceof Fault ? [] : present, ...others].flat())
  const entry = readJournal(guestDirectory)
  if (moves.length > 0 || entry?.step === 'follow') {
    try {
      await move(moves, guestDirectory, diskPath, entry)
    } catch (error) {
      return new Fault('disk', `the disk stands on files of a cache that was moved, and could not be told where they are now: ${reasonOf(error)}`, { cause: error, remedy: 'stop the other guests, which may be using them; then try again' })
    }
  }
  return present instanceof Fault ? present : null
}

/** To write into a disk changes its time, by which suspended memory knows it: the journal says that it still fits. */
async function move(moves: readonly Move[], guestDirectory: string, diskPath: string, entry: ReturnType<typeof readJournal>): Promise<void> {
  const isOurs = entry === null || entry.step === 'suspend' || entry.step === 'follow' // without a machine, `suspend` has nothing left to undo
  const staysSuspended = entry?.step === 'follow' ? entry.staysSuspended : isOurs && fits(guestDirectory, diskPath)
  if (isOurs) writeJournal(guestDirectory, { step: 'follow', staysSuspended })
  for (const { disk, base, image } of moves) {
    if (image !== null) noteImage(guestDirectory, base, image)
    await renameBacking(disk, base)
  }
  if (staysSuspended) reviseSuspended(guestDirectory, diskPath)
  if (isOurs) clearJournal(guestDirectory)
}

function fits(guestDirectory: string, diskPath: string): boolean {
  try {
    return suspendedState(guestDirectory, diskPath) !== null
  } catch {
    return false // it did not before, and must not because of this
  }
}

/** What is to be written where, from a disk down to its last base. Rejects with Fault when a base is nowhere. */
async function movesOf(disk: string, guestDirectory: string, cache: string): Promise<Move[]> {
  const moves: Move[] = []
  for (let at = disk, depth = 0; depth < deepest; depth += 1) {
    const named = await backingName(at)
    if (named === null || !isAbsolute(named)) break
    const found = existsSync(named) ? null : today(named, guestDirectory, cache)
    if (found !== null) moves.push({ disk: at, ...found })
    at = found?.base ?? named
  }
  return moves
}

function today(named: string, guestDirectory: string, cache: string): Omit<Move, 'disk'> {
  const [, warm] = warmEnd.exec(named) ?? []
  if (warm !== undefined && existsSync(join(cache, warm))) return { base: join(cache, warm), image: null }
  const [, image] = imageEnd.exec(named) ?? []
  if (image === undefined || !existsSync(join(cache, image, 'disk.qcow2'))) throw gone(named, image === undefined ? '' : `, nor in ${join(cache, image)}`)
  const id = idOf(join(cache, image))
  const noted = notedImages(guestDirectory).filter(({ path }) => path === named).map((each) => each.id)
  if (id === null || !(noted.length > 0 ? noted : savedImages(guestDirectory)).includes(id)) throw gone(named, `, and the image in ${join(cache, image)} is not known to be the same`)
  return { base: join(cache, image, 'disk.qcow2'), image: id }
}

function gone(named: string, nor: string): Fault {
  return new Fault('disk', `its disk stands on ${named}, which is not there any more${nor}`, { remedy: 'move the cache back, or say where it is with DIPTYCH_CACHE; or give the disk up and begin afresh: diptych reset' })
}

/** Null for an image that is not whole. */
function idOf(image: string): string | null {
  try {
    const manifest = RecipeManifest.parse(JSON.parse(readFileSync(join(image, 'manifest.json'), 'utf8')))
    return statSync(join(image, 'disk.qcow2')).size === manifest.files['disk.qcow2']?.bytes ? imageId(manifest) : null
  } catch {
    return null
  }
}

function notedImages(guestDirectory: string): z.infer<typeof ImageFile>['images'] {
  try {
    return ImageFile.parse(JSON.parse(readFileSync(join(guestDirectory, 'image.json'), 'utf8'))).images
  } catch {
    return [] // by an earlier Diptych, or of a guest that never had a disk on an image
  }
}

/** The images of the machines that are saved of the guest: all that tells of a disk that an earlier Diptych made. */
function savedImages(guestDirectory: string): string[] {
  const store = new SnapshotStore(guestDirectory)
  const saved = [join(guestDirectory, 'suspended', 'state'), ...store.list().map(({ id }) => join(store.directory(id), 'state'))]
  return saved.filter((directory) => existsSync(directory)).flatMap((directory) => {
    try {
      return [readSavedState(directory).manifest.spec.imageId]
    } catch {
      return [] // it cannot be gone on from either
    }
  })
}

/** Each file once, whatever names it has and whichever disks stand on it. */
function unique(moves: readonly Move[]): Move[] {
  return moves.filter(({ disk }, index) => moves.findIndex((other) => isSameFile(other.disk, disk)) === index)
}

function asFault(error: unknown): Fault {
  return error instanceof Fault ? error : new Fault('disk', `the disk cannot be read: ${reasonOf(error)}`, { cause: error })
}
