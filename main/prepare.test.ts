import { execFileSync } from 'node:child_process'
import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Cancelled } from '../src/contract/refusal.ts'
import { demonstrationGuests } from '../src/guest/definition.ts'
import { fakeSpec } from '../test/fake/machine.ts'
import { type Preparation, prepareStart, warmFit } from './prepare.ts'

const path = process.env['PATH'] ?? ''
let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'diptych-prepare-'))
})
afterEach(() => {
  process.env['PATH'] = path
  rmSync(home, { recursive: true })
})

/** A qemu-img that says which process it is, begins to write, and never ends. */
function slowQemuImg(): void {
  const program = join(home, 'qemu-img')
  writeFileSync(program, `#!/bin/sh\necho $$ >${home}/pid\nfor file; do :; done\n: >"$file"\nexec sleep 600\n`)
  chmodSync(program, 0o755)
  process.env['PATH'] = `${home}${delimiter}${path}`
}

describe('a start that is cancelled while its disk is made', () => {
  it('ends qemu-img and leaves everything as it was', async () => {
    const [definition = expect.fail('there are demonstration guests')] = demonstrationGuests()
    const guest = join(home, 'guest')
    mkdirSync(guest)
    slowQemuImg()
    const preparation = {
      recipes: { find: async () => ({ directory: home, manifest: {} }) },
      engine: { warmKey: async () => 'key' },
      cache: home,
      guestDirectory: () => guest,
      message: () => undefined,
    } as unknown as Preparation // what a cold start reads of it
    const abort = new AbortController()
    const preparing = prepareStart(preparation, definition, { ...fakeSpec, diskPath: join(guest, 'disk.qcow2') }, 'cold', abort.signal)
    preparing.catch(() => undefined)
    await expect.poll(() => existsSync(join(home, 'pid')) && readdirSync(guest)).toEqual(['disk.qcow2.new'])
    abort.abort(new Cancelled('the start'))
    await expect(preparing).rejects.toThrow(Cancelled)
    expect(() => process.kill(Number(readFileSync(join(home, 'pid'), 'utf8')), 0)).toThrow('ESRCH')
    expect(readdirSync(guest)).toEqual([])
  })
})

describe('a first start', () => {
  it('that comes to nothing leaves the disk before it kept, however often it is tried', async () => {
    const [definition = expect.fail('there are demonstration guests')] = demonstrationGuests()
    const disk = join(home, 'guest', 'disk.qcow2')
    mkdirSync(join(home, 'guest'))
    const make = (...args: string[]) => execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', ...args])
    make(join(home, 'disk.qcow2'), '1M')
    make('-F', 'qcow2', '-b', join(home, 'disk.qcow2'), disk)
    appendFileSync(disk, 'what a person has in it')
    const preparation = { recipes: { find: async () => ({ directory: home, manifest: {} }) }, engine: { warmKey: async () => 'key' }, cache: home, guestDirectory: () => join(home, 'guest'), message: () => undefined } as unknown as Preparation // what a cold start reads of it
    for (let tries = 0; tries < 3; tries += 1) {
      expect(await prepareStart(preparation, definition, { ...fakeSpec, diskPath: disk }, 'auto', new AbortController().signal)).toEqual({ kind: 'savable' })
      expect(readFileSync(`${disk}.previous`, 'latin1')).toContain('what a person has in it')
    }
    appendFileSync(disk, 'what the guest wrote')
    await prepareStart(preparation, definition, { ...fakeSpec, diskPath: disk }, 'auto', new AbortController().signal)
    expect(readFileSync(`${disk}.previous`, 'latin1')).toContain('what the guest wrote')
    expect(readFileSync(disk, 'latin1')).not.toContain('what the guest wrote')
  })
})

/** A qemu-img that makes an empty file of the name that it is given last. */
function quickQemuImg(): void {
  const program = join(home, 'qemu-img')
  writeFileSync(program, '#!/bin/sh\nfor file; do :; done\n: >"$file"\n')
  chmodSync(program, 0o755)
  process.env['PATH'] = `${home}${delimiter}${path}`
}

/** As much of a qcow2 as names its base (QEMU, docs/interop/qcow2.txt). */
function overlayOn(base: string): Buffer {
  const header = Buffer.alloc(104)
  header.writeUInt32BE(0x514649fb, 0)
  header.writeUInt32BE(3, 4)
  header.writeBigUInt64BE(104n, 8)
  header.writeUInt32BE(Buffer.byteLength(base), 16)
  return Buffer.concat([header, Buffer.from(base)])
}

/** A cache with a built image and a warm state of it, as the first start leaves them. */
function warmCache(cache: string, guest: string): void {
  const image = join(cache, 'recipes', 'image')
  const warm = join(cache, 'warm', `${guest}-key`)
  for (const folder of [image, warm, `${warm}.disks`]) mkdirSync(folder, { recursive: true })
  writeFileSync(join(image, 'disk.qcow2'), 'the image')
  const disk = overlayOn(join(image, 'disk.qcow2'))
  writeFileSync(join(`${warm}.disks`, 'disk-0.qcow2'), disk)
  for (const name of ['ram.img', 'device.state']) writeFileSync(join(warm, name), name)
  const of = (name: string, bytes: number) => ({ name, bytes, sha256: '' })
  const files = { ram: { name: 'ram.img', bytes: 7 }, deviceState: of('device.state', 12), disk: of('disk-0.qcow2', disk.length) }
  writeFileSync(join(warm, 'manifest.json'), JSON.stringify({ form: 1, warmKey: 'key', qemuVersion: '7.2', savedAt: '2026-11-23T00:00:00Z', memoryMiB: 256, ...files }))
}

describe('a warm start', () => {
  const [definition = expect.fail('there are demonstration guests')] = demonstrationGuests()
  const never = new AbortController().signal
  const said: string[] = []
  const spec = () => ({ ...fakeSpec, name: definition.name, diskPath: join(home, 'guest', 'disk.qcow2') })
  const preparationOf = (cache: string) =>
    ({
      recipes: { find: async () => ({ directory: join(cache, 'recipes', 'image'), manifest: {} }) },
      engine: { warmKey: async () => 'key' },
      cache,
      guestDirectory: () => join(home, 'guest'),
      message: (level: string, text: string) => said.push(`${level}: ${text}`),
    }) as unknown as Preparation // what a start reads of it

  beforeEach(() => {
    said.length = 0
    quickQemuImg()
    mkdirSync(join(home, 'guest'))
    warmCache(join(home, 'cache'), definition.name)
  })

  it('begins from the warm state that fits', async () => {
    const preparation = preparationOf(join(home, 'cache'))
    expect(await prepareStart(preparation, definition, spec(), 'auto', never)).toEqual({ kind: 'warm', directory: join(home, 'cache', 'warm', `${definition.name}-key`) })
    expect([await warmFit(preparation, definition, spec()), said]).toMatchObject([{ kind: 'fits' }, []])
  })

  it('is a cold one after the cache was moved, says so, and leads to a new warm state', async () => {
    renameSync(join(home, 'cache'), join(home, 'moved'))
    const preparation = preparationOf(join(home, 'moved'))
    expect(await prepareStart(preparation, definition, spec(), 'auto', never)).toEqual({ kind: 'savable' })
    expect(said).toEqual([expect.stringMatching(/^info: .* starts cold: .*recipes\/image\/disk\.qcow2, which is not there any more.*\. A new warm state is saved/)])
    expect(await warmFit(preparation, definition, spec())).toMatchObject({ kind: 'unfit' })
    await expect(prepareStart(preparation, definition, spec(), 'warm', never)).rejects.toMatchObject({ code: 'unsupported', message: expect.stringContaining('not there any more') as string })
  })

  it('is a cold one where the cache was copied: the guest would stand on the other folder', async () => {
    warmCache(join(home, 'copy'), definition.name)
    writeFileSync(join(home, 'copy', 'warm', `${definition.name}-key.disks`, 'disk-0.qcow2'), readFileSync(join(home, 'cache', 'warm', `${definition.name}-key.disks`, 'disk-0.qcow2')))
    const manifest = join(home, 'copy', 'warm', `${definition.name}-key`, 'manifest.json')
    writeFileSync(manifest, readFileSync(join(home, 'cache', 'warm', `${definition.name}-key`, 'manifest.json')))
    expect(await prepareStart(preparationOf(join(home, 'copy')), definition, spec(), 'auto', never)).toEqual({ kind: 'savable' })
    expect(said).toEqual([expect.stringContaining('starts cold')])
  })

  it('is a cold one where something of the warm state is missing', async () => {
    rmSync(join(home, 'cache', 'warm', `${definition.name}-key`, 'ram.img'))
    expect(await prepareStart(preparationOf(join(home, 'cache')), definition, spec(), 'auto', never)).toEqual({ kind: 'savable' })
    expect(said).toEqual([expect.stringContaining('ram.img is missing')])
  })
})
