import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Fault, MissingPrerequisite, Refusal, reasonOf } from '../src/contract/refusal.ts'
import type { Engine, MachineNic, MachineSpec, StartOptions } from '../src/engine/engine.ts'
import type { NetworkName } from '../src/contract/names.ts'
import { cardsOf, uplinkMac } from '../src/guest/cards.ts'
import { type GuestDefinition, hardwareOf, recipeOf } from '../src/guest/definition.ts'
import type { BootChoice, PreparedStart } from '../src/guest/carry-out.ts'
import { imageId } from '../src/image/recipe.ts'
import type { BuiltImage, Recipes } from '../src/node/image/recipes.ts'
import { readJournal } from '../src/node/guest-state/journal.ts'
import { followCache, noteImage } from '../src/node/guest-state/moved-cache.ts'
import { recover } from '../src/node/guest-state/snapshot-steps.ts'
import { SnapshotStore } from '../src/node/guest-state/snapshot-store.ts'
import { dropSuspended, isSuspended, suspendedState } from '../src/node/guest-state/suspended.ts'
import { kernelIn } from '../src/node/template/kernel-files.ts'
import { freshOverlay } from '../src/node/template/overlay.ts'
import { type TemplateStore, demandUntouched } from '../src/node/template/template-store.ts'
import { markUntouched, wasUsed } from '../src/node/qemu/disk-place.ts'
import { recoverDirectory } from '../src/node/qemu/warm-directory.ts'
import { warmFault } from '../src/node/qemu/warm-manifest.ts'
import { runProgram } from '../src/node/process/run-program.ts'
import { roomToGrow } from './guest-limits.ts'

export interface Preparation {
  readonly recipes: Recipes
  readonly engine: Engine
  readonly cache: string
  readonly templates: TemplateStore
  guestDirectory(definition: GuestDefinition): string
  message(level: 'info' | 'warning', text: string): void
}

/** What the engine needs to start this guest, from its definition, its built image and the sockets of its ports on the networks. */
export async function specify(preparation: Preparation, definition: GuestDefinition, socketPathOf: (network: NetworkName) => string): Promise<MachineSpec> {
  return {
    ...(await bootOf(preparation, definition)),
    ...hardwareOf(definition),
    ...roomToGrow(definition),
    name: definition.name,
    uuid: definition.uuid,
    profile: definition.profile,
    vcpus: definition.vcpus,
    memoryMiB: definition.memoryMiB,
    nics: nicsOf(definition, socketPathOf),
    diskPath: join(preparation.guestDirectory(definition), 'disk.qcow2'),
    parameters: { name: definition.name, ...definition.parameters },
    clipboard: definition.clipboard,
    screen: definition.screen,
  }
}

/** A demonstration guest is given its kernel, also as a clone; any other boots from its own disk, whose identity is the guest's. */
async function bootOf(preparation: Preparation, definition: GuestDefinition): Promise<Pick<MachineSpec, 'imageId' | 'boot'>> {
  if (recipeOf(definition) === null) {
    const kernel = kernelIn(preparation.guestDirectory(definition))
    return { imageId: definition.uuid, boot: kernel ?? { kind: 'disk', firmware: definition.firmware, first: definition.bootFrom } }
  }
  const image = await demandImage(preparation, definition)
  const at = (file: string) => join(image.directory, file)
  return {
    imageId: imageId(image.manifest),
    boot: { kind: 'kernel', kernelPath: at('vmlinux'), initrdPath: at('initrd.img'), commandLine: readFileSync(at('cmdline'), 'utf8').trim() },
  }
}

/** Its cards on the private networks, then the one to the host's own network. */
function nicsOf(definition: GuestDefinition, socketPathOf: (network: NetworkName) => string): MachineNic[] {
  const nics: MachineNic[] = cardsOf(definition).map(({ network, mac }) => ({ kind: 'switch', mac, network, socketPath: socketPathOf(network) }))
  return definition.uplink ? [...nics, { kind: 'uplink', mac: uplinkMac(definition) }] : nics
}

/** Where the warm state that fits this guest on this host is, or would be. */
export async function warmDirectory(preparation: Preparation, spec: MachineSpec): Promise<string> {
  const key = await preparation.engine.warmKey(spec)
  return join(preparation.cache, 'warm', `${spec.name}-${key.slice(0, 16)}`)
}

/** Whether there is a warm state that this guest can be started from here. One in a cache that was moved is there, but of no use. */
export type WarmFit = { readonly kind: 'fits'; readonly directory: string } | { readonly kind: 'none' } | { readonly kind: 'unfit'; readonly reason: string }

export async function warmFit(preparation: Preparation, definition: GuestDefinition, spec: MachineSpec): Promise<WarmFit> {
  const directory = await warmDirectory(preparation, spec)
  recoverDirectory(directory)
  if (!existsSync(join(directory, 'manifest.json'))) return { kind: 'none' }
  const image = await demandImage(preparation, definition)
  const reason = await warmFault(directory, await preparation.engine.warmKey(spec), join(image.directory, 'disk.qcow2'))
  return reason === null ? { kind: 'fits', directory } : { kind: 'unfit', reason }
}

/**
 * What is kept of the guest comes first: memory it was suspended with is gone on from (and used up just before it runs), and a
 * disk that a person went back to stays, wherever the cache that it stands on is now. Asking for anything but `auto` throws suspended memory away. What a killed host
 * left half done is finished before anything starts on that disk.
 */
export async function prepareBegin(preparation: Preparation, definition: GuestDefinition, spec: MachineSpec, boot: BootChoice, signal: AbortSignal): Promise<Pick<PreparedStart, 'from' | 'beforeRunning'>> {
  const directory = preparation.guestDirectory(definition)
  const store = new SnapshotStore(directory)
  const unusable = await followCache(directory, spec.diskPath, preparation.cache)
  if (readJournal(directory) !== null) await recover(store, spec.diskPath, null)
  const suspended = isSuspended(directory)
  if (suspended && boot === 'auto') {
    const state = suspendedState(directory, spec.diskPath)
    if (state !== null && unusable !== null) throw unusable
    if (state !== null) return { from: { kind: 'restored', directory: state }, beforeRunning: () => dropSuspended(directory) }
  }
  const ownDisk = boot === 'disk' || (suspended && boot === 'cold') || (boot !== 'warm' && store.keepsDisk(spec.diskPath))
  const isKept = boot !== 'cloned' && ownDisk && existsSync(spec.diskPath)
  if (isKept && unusable !== null) throw unusable
  if (suspended) await dropSuspended(directory)
  if (boot === 'cloned') return { from: await cloned(preparation, definition, spec) }
  if (isKept) return { from: { kind: 'cold' } }
  if (recipeOf(definition) !== null) noteImage(directory, join((await demandImage(preparation, definition)).directory, 'disk.qcow2'), spec.imageId)
  return { from: await prepareStart(preparation, definition, spec, boot === 'disk' ? 'cold' : boot, signal) }
}

/**
 * Chooses how to begin. A warm start gets a fresh disk from the engine; a first (savable) start gets a fresh overlay
 * on the image; a plain cold start keeps the guest's own disk. A disk that is replaced is moved to
 * `disk.qcow2.previous`, never deleted. Rejects with the signal's reason when it was cancelled; then nothing has changed.
 */
export async function prepareStart(
  preparation: Preparation,
  definition: GuestDefinition,
  spec: MachineSpec,
  boot: Exclude<BootChoice, 'disk' | 'cloned'>,
  signal: AbortSignal,
): Promise<StartOptions['from']> {
  if (recipeOf(definition) === null) return fromOwnDisk(definition, boot)
  const warm = boot === 'cold' ? null : await warmFit(preparation, definition, spec)
  if (warm?.kind === 'fits') return { kind: 'warm', directory: warm.directory }
  if (boot === 'warm') {
    const reason = warm?.kind === 'unfit' ? `the warm state cannot be used: ${warm.reason}` : 'there is no warm state that fits this guest and host'
    throw new Refusal('unsupported', definition.name, reason, 'start it without --warm: the first start makes one')
  }
  if (warm?.kind === 'unfit') preparation.message('info', `${definition.name} starts cold: ${warm.reason}. A new warm state is saved once it has settled`)
  const image = await demandImage(preparation, definition)
  await ensureOverlay(preparation, definition, spec.diskPath, join(image.directory, 'disk.qcow2'), { fresh: boot === 'auto', signal })
  return boot === 'auto' ? { kind: 'savable' } : { kind: 'cold' }
}

/** What is in the template's memory goes with a disk to which nothing was written yet. */
async function cloned(preparation: Preparation, { name, source }: GuestDefinition, { diskPath }: MachineSpec): Promise<StartOptions['from']> {
  if (!('template' in source)) throw new Refusal('unsupported', name, 'it is no clone', 'start it from its disk')
  const template = preparation.templates.read(source.template)
  demandUntouched(preparation.templates, template)
  const directory = preparation.templates.directory(source.template)
  await freshOverlay(directory, diskPath)
  return { kind: 'cloned', directory }
}

/** A guest's own disk is started as it is, and never replaced. */
function fromOwnDisk(definition: GuestDefinition, boot: 'auto' | 'warm' | 'cold'): StartOptions['from'] {
  if (boot !== 'warm') return { kind: 'cold' }
  throw new Refusal('unsupported', definition.name, 'only the demonstration guests have warm states', 'start it without --warm')
}

async function demandImage(preparation: Preparation, definition: GuestDefinition): Promise<BuiltImage> {
  const recipe = recipeOf(definition)
  const image = recipe === null ? null : await preparation.recipes.find(recipe)
  if (image !== null) return image
  throw new MissingPrerequisite(`the image of ${definition.name}`, `the disk of "${definition.name}" has not been built yet`, 'run: diptych up')
}

async function ensureOverlay(preparation: Preparation, definition: GuestDefinition, path: string, backing: string, options: { fresh: boolean; signal: AbortSignal }): Promise<void> {
  const { fresh, signal } = options
  mkdirSync(preparation.guestDirectory(definition), { recursive: true, mode: 0o700 })
  const same = existsSync(path) && (await backingOf(path, signal)) === backing
  if (same && (!fresh || !wasUsed(path))) return // one that no guest ran on, of a start that failed, is as fresh as a new one
  const making = `${path}.new` // beside it: on a full disk nothing is moved
  try {
    await qemuImg(['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', backing, making], signal)
    markUntouched(making)
  } catch (error) {
    rmSync(making, { force: true })
    signal.throwIfAborted()
    throw new Fault('disk', `the disk of ${definition.name} could not be made: ${reasonOf(error)}`, { remedy: 'check free space and permissions of the data directory' })
  }
  if (existsSync(path)) {
    renameSync(path, `${path}.previous`)
    if (!same) preparation.message('info', `${definition.name} starts from a fresh disk on its image; its former one is kept as disk.qcow2.previous`)
  }
  renameSync(making, path)
}

/** A disk that cannot be read is not taken for one that does not fit: setting it aside would hide the person's data. */
async function backingOf(path: string, signal: AbortSignal): Promise<string | null> {
  try {
    const info = JSON.parse(await qemuImg(['info', '--output=json', '-U', path], signal)) as { 'full-backing-filename'?: string }
    return info['full-backing-filename'] ?? null
  } catch (error) {
    signal.throwIfAborted()
    throw new Fault('disk', `${path} cannot be read: ${reasonOf(error)}`, { remedy: `look at it with: qemu-img check ${path}; or move it away, and the guest starts from a fresh one` })
  }
}

async function qemuImg(args: readonly string[], signal: AbortSignal): Promise<string> {
  const { exitCode, stdout, stderr } = await runProgram('qemu-img', args, { signal })
  if (exitCode !== 0) throw new Error(stderr.trim() || `qemu-img ended with ${exitCode}`)
  return stdout
}
