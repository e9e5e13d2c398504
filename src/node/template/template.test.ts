import { execFileSync } from 'node:child_process'
import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { GuestName } from '../../contract/names.ts'
import { demonstrationGuests } from '../../guest/definition.ts'
import { kernelIn, keepKernel } from './kernel-files.ts'
import { Lineage } from './lineage.ts'
import { copyOverlay, freshOverlay, makeOverlay } from './overlay.ts'
import { type TemplateFile, formatTemplateFile, parseTemplateFile } from './template-file.ts'
import { TemplateStore, demandUntouched, memoryIn } from './template-store.ts'

let home: string
let store: TemplateStore
const [definition] = demonstrationGuests()
const named = (name: string) => GuestName.parse(name)
const guestFolder = (name: string) => join(home, 'guests', name)
const diskOf = (folder: string) => join(folder, 'disk.qcow2')

beforeEach(() => {
  home = mkdtempSync('/tmp/dtpl-')
  store = new TemplateStore(home)
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

function template(name: string, folder: string): TemplateFile {
  if (definition === undefined) throw new Error('there is a demonstration guest')
  return { version: 1, name: named(name), title: 'A: title', kind: 'live', note: null, automatic: false, madeAt: '2026-11-22T12:00:00.000Z', pausedMs: 20, diskVirtualBytes: 67_108_864, screen: null, memory: memoryIn(folder), definition }
}

async function place(name: string, backing: string | null): Promise<TemplateFile> {
  const folder = store.begin()
  mkdirSync(folder)
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', ...(backing === null ? ['-u'] : ['-F', 'qcow2', '-b', `../${backing}/disk.qcow2`]), diskOf(folder), ...(backing === null ? ['64M'] : [])])
  writeFileSync(join(folder, 'ram.img'), 'memory')
  await makeOverlay(folder, named(name), 67_108_864)
  const file = template(name, folder)
  await store.place(folder, file)
  return file
}

function clone(name: string, of: string): { name: GuestName; folder: string } {
  const folder = guestFolder(name)
  mkdirSync(folder, { recursive: true })
  copyOverlay(store.directory(named(of)), diskOf(folder))
  return { name: named(name), folder }
}
const owners = () => store.names().map((name) => ({ name, folder: store.directory(name) }))

test('a template file says the same when it is read again, and what is wrong with one that cannot be', () => {
  const file = template('web', home)
  expect(parseTemplateFile(formatTemplateFile(file), 'template.yaml')).toEqual(file)
  expect(() => parseTemplateFile(formatTemplateFile(file).replace('kind: live', 'kind: warm'), 'template.yaml')).toThrow(/kind/)
  expect(() => parseTemplateFile(formatTemplateFile(file).replace('version: 1', 'version: 2'), 'template.yaml')).toThrow(/version 1/)
})

test('a template appears whole, its name is taken once, and what was begun is swept', async () => {
  const file = await place('web', null)
  expect(store.load()).toEqual([file])
  const again = store.begin()
  mkdirSync(again)
  await expect(store.place(again, file)).rejects.toThrow(/another template/)
  store.recover()
  expect(existsSync(again)).toBe(false)
  expect(store.names()).toEqual(['web'])
  expect(await store.remove(named('web'))).toBeGreaterThan(0)
  expect(store.names()).toEqual([])
})

test('saved memory that was changed since is not cloned', async () => {
  const file = await place('web', null)
  expect(() => demandUntouched(store, file)).not.toThrow()
  appendFileSync(join(store.directory(file.name), 'ram.img'), 'x')
  expect(() => demandUntouched(store, file)).toThrow(/changed since/)
})

test('who stands on what is read from the disks, through templates of clones, former disks included', async () => {
  await place('web', null)
  await place('shop', 'web')
  const guests = [clone('web-2', 'web'), clone('web-10', 'web'), clone('shop-1', 'shop'), { name: named('other'), folder: guestFolder('other') }]
  const formerly = clone('formerly', 'web')
  execFileSync('mv', [diskOf(formerly.folder), `${diskOf(formerly.folder)}.previous`])
  const lineage = await Lineage.read(owners(), [...guests, formerly])
  expect(lineage.clonesOf(named('web'))).toEqual(['formerly', 'shop-1', 'web-2', 'web-10'])
  expect(lineage.templatesOn(named('web'))).toEqual(['shop'])
  expect(lineage.clonesOf(named('shop'))).toEqual(['shop-1'])
  expect(lineage.templatesOn(named('shop'))).toEqual([])
  expect(await Lineage.baseOf(guestFolder('shop-1'), owners())).toBe('shop')
})

test('a disk that cannot be read does not make a template look free', async () => {
  await place('web', null)
  mkdirSync(diskOf(guestFolder('damaged')), { recursive: true })
  await expect(Lineage.read(owners(), [{ name: named('damaged'), folder: guestFolder('damaged') }])).rejects.toThrow('EISDIR')
})

test('a clone’s disk finds its base from where the guest is, also in a moved data directory', async () => {
  await place('web', null)
  const { folder } = clone('web-1', 'web')
  execFileSync('qemu-img', ['check', '-q', diskOf(folder)])
  execFileSync('mv', [home, `${home}-moved`])
  execFileSync('qemu-img', ['check', '-q', join(`${home}-moved`, 'guests', 'web-1', 'disk.qcow2')])
  execFileSync('mv', [`${home}-moved`, home])
})

test('a fresh start keeps a disk that nothing was written to, and sets one aside that was', async () => {
  await place('web', null)
  const { folder } = clone('web-1', 'web')
  await freshOverlay(store.directory(named('web')), diskOf(folder))
  expect(existsSync(`${diskOf(folder)}.previous`)).toBe(false)
  execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write 0 64k', diskOf(folder)], { stdio: 'ignore' })
  await freshOverlay(store.directory(named('web')), diskOf(folder))
  expect(existsSync(`${diskOf(folder)}.previous`)).toBe(true)
  expect(execFileSync('qemu-img', ['map', '--output=json', '-f', 'qcow2', diskOf(folder)], { encoding: 'utf8' })).not.toContain('"depth": 0, "present": true')
})

test('a kernel is kept beside the disk under its own names', async () => {
  const boot = { kind: 'kernel', kernelPath: join(home, 'k'), initrdPath: join(home, 'i'), commandLine: 'quiet' } as const
  writeFileSync(boot.kernelPath, 'kernel')
  writeFileSync(boot.initrdPath, 'initrd')
  expect(kernelIn(home)).toBeNull()
  await keepKernel(boot, home)
  expect(kernelIn(home)).toEqual({ kind: 'kernel', kernelPath: join(home, 'kernel', 'vmlinux'), initrdPath: join(home, 'kernel', 'initrd.img'), commandLine: 'quiet' })
  await keepKernel({ kind: 'disk', firmware: 'bios' }, join(home, 'guests'))
  expect(existsSync(join(home, 'guests'))).toBe(false)
})

test('what a killed host left in a template goes, and its memory is read only again', async () => {
  await place('base', null)
  const folder = store.directory(named('base'))
  chmodSync(join(folder, 'ram.img'), 0o600) // an older QEMU was opening it
  writeFileSync(join(folder, 'template.yaml.0123456789ab.tmp'), 'half a ti')
  store.recover()
  expect([statSync(join(folder, 'ram.img')).mode & 0o777, readdirSync(folder).filter((name) => name.endsWith('.tmp'))]).toEqual([0o400, []])
  demandUntouched(store, store.read(named('base')))
})
