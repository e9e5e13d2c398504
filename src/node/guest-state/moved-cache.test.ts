import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RecipeManifest, imageId } from '../../image/recipe.ts'
import { readJournal, writeJournal } from './journal.ts'
import { followCache, noteImage } from './moved-cache.ts'
import { SnapshotStore } from './snapshot-store.ts'
import { recover } from './snapshot-steps.ts'
import { commitSuspended, beginSuspended, suspendedState } from './suspended.ts'

const image = 'recipes/linux-0123456789abcdef'
const warm = 'warm/linux-0123456789abcdef.disks/disk-0011223344556677.qcow2'
let home = ''
let guest = ''
let disk = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'diptych-moved-'))
  guest = join(home, 'guest')
  disk = join(guest, 'disk.qcow2')
})
afterEach(() => rmSync(home, { recursive: true }))

const qemuImg = (...args: string[]) => execFileSync('qemu-img', args, { encoding: 'utf8' })
const write = (path: string, pattern: string, at: string) => execFileSync('qemu-io', ['-c', `write -P ${pattern} ${at} 64k`, path])
/** Fails unless the disk reads so, through all it stands on. */
const demand = (path: string, pattern: string, at: string) => execFileSync('qemu-io', ['-r', '-c', `read -P ${pattern} ${at} 64k`, path], { encoding: 'utf8', stdio: 'pipe' })
const reads = (path: string, pattern: string, at: string) => !/Pattern verification failed/.test(demand(path, pattern, at))

function makeImage(cache: string, pattern: string): string {
  mkdirSync(join(cache, image), { recursive: true })
  const path = join(cache, image, 'disk.qcow2')
  qemuImg('create', '-q', '-f', 'qcow2', path, '1M')
  write(path, pattern, '0')
  const manifest = { variant: 'linux', recipe: '0', os: '', kernel: '', packages: {}, files: { 'disk.qcow2': { bytes: statSync(path).size, sha256: `of ${pattern}` } } }
  writeFileSync(join(cache, image, 'manifest.json'), JSON.stringify(manifest))
  return imageId(RecipeManifest.parse(manifest))
}
const overlay = (path: string, base: string) => {
  mkdirSync(dirname(path), { recursive: true })
  qemuImg('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, path)
}

/** A guest on the disk of a warm state, that disk with a snapshot and kept for it; suspended; and a former disk on the image. */
async function makeGuest(cache: string): Promise<void> {
  const id = makeImage(cache, '0x11')
  overlay(join(cache, warm), join(cache, image, 'disk.qcow2'))
  write(join(cache, warm), '0x22', '64k')
  overlay(disk, join(cache, warm))
  write(disk, '0x33', '128k')
  qemuImg('snapshot', '-c', 'diptych-0', disk)
  mkdirSync(join(guest, 'snapshots'))
  linkSync(disk, join(guest, 'snapshots', 'disk-000000000000.qcow2'))
  overlay(join(guest, 'snapshots', 'disk-000000000001.qcow2'), join(cache, image, 'disk.qcow2'))
  overlay(`${disk}.previous`, join(cache, image, 'disk.qcow2'))
  noteImage(guest, join(cache, image, 'disk.qcow2'), id)
  mkdirSync(await beginSuspended(guest))
  await commitSuspended(guest, disk, null)
}

const demandWhole = () => {
  for (const path of [disk, `${disk}.previous`, join(guest, 'snapshots', 'disk-000000000001.qcow2')]) expect(reads(path, '0x11', '0')).toBe(true)
  expect([reads(disk, '0x22', '64k'), reads(disk, '0x33', '128k')]).toEqual([true, true])
  qemuImg('snapshot', '-a', 'diptych-0', disk)
  qemuImg('check', '-q', disk)
}

describe('a guest whose cache was moved', () => {
  it('finds all its disks’ bases there, and goes on from its suspended memory', async () => {
    await makeGuest(join(home, 'cache'))
    renameSync(join(home, 'cache'), join(home, 'elsewhere'))
    expect(() => demand(disk, '0x11', '0')).toThrow(/Could not open backing file/)
    expect(await followCache(guest, disk, join(home, 'elsewhere'))).toBeNull()
    expect([suspendedState(guest, disk), readJournal(guest)]).toEqual([join(guest, 'suspended', 'state'), null])
    demandWhole()
  })

  it('finds them again after a second move, and changes nothing where nothing was moved', async () => {
    await makeGuest(join(home, 'cache'))
    renameSync(join(home, 'cache'), join(home, 'second'))
    await followCache(guest, disk, join(home, 'second'))
    renameSync(join(home, 'second'), join(home, 'third'))
    expect(await followCache(guest, disk, join(home, 'third'))).toBeNull()
    const before = readFileSync(disk)
    expect(await followCache(guest, disk, join(home, 'cache'))).toBeNull()
    expect(readFileSync(disk).equals(before)).toBe(true)
    demandWhole()
  })

  it('is as whole when a host was killed before, between or after the writing, whoever finishes it', async () => {
    await makeGuest(join(home, 'cache'))
    renameSync(join(home, 'cache'), join(home, 'elsewhere'))
    writeJournal(guest, { step: 'follow', staysSuspended: true })
    qemuImg('rebase', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', join(home, 'elsewhere', warm), disk)
    expect(() => suspendedState(guest, disk)).toThrow(/written to/)
    expect(await recover(new SnapshotStore(guest), disk, null)).toBe('settled')
    expect([suspendedState(guest, disk), readJournal(guest)]).toEqual([join(guest, 'suspended', 'state'), null])
    writeJournal(guest, { step: 'follow', staysSuspended: true })
    expect(await followCache(guest, disk, join(home, 'elsewhere'))).toBeNull()
    expect([suspendedState(guest, disk), readJournal(guest)]).toEqual([join(guest, 'suspended', 'state'), null])
    demandWhole()
  })

  it('is not put onto an image that was built otherwise, and says what is missing', async () => {
    await makeGuest(join(home, 'cache'))
    mkdirSync(join(home, 'elsewhere'))
    renameSync(join(home, 'cache', 'warm'), join(home, 'elsewhere', 'warm'))
    rmSync(join(home, 'cache'), { recursive: true })
    const none = await followCache(guest, disk, join(home, 'elsewhere'))
    expect(none?.message).toContain(`stands on ${join(home, 'cache', image, 'disk.qcow2')}, which is not there any more, nor in ${join(home, 'elsewhere', image)}`)
    makeImage(join(home, 'elsewhere'), '0x44')
    const other = await followCache(guest, disk, join(home, 'elsewhere'))
    expect([other?.message, other?.remedy]).toEqual([expect.stringContaining('is not known to be the same'), expect.stringContaining('DIPTYCH_CACHE')])
    expect(qemuImg('info', '-U', disk)).toContain(join(home, 'cache', warm))
    rmSync(join(home, 'elsewhere', image), { recursive: true })
    makeImage(join(home, 'elsewhere'), '0x11')
    expect(await followCache(guest, disk, join(home, 'elsewhere'))).toBeNull()
    demandWhole()
  })
})
