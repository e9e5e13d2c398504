import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ImportMode } from '../../../src/contract/image.ts'
import { examine } from '../../../src/node/image/examine.ts'
import { removeOriginals } from '../../../src/node/image/moved-originals.ts'
import { stageDisk, type StagedDisk } from '../../../src/node/image/stage-disk.ts'
import { convertersOf, qemuImg, Workshop } from './images.ts'

const never = new AbortController().signal

describe('disks of every format become a qcow2 with the same content', () => {
  const shop = new Workshop()
  let raw: string
  let count = 0

  beforeAll(() => {
    raw = shop.raw()
  })
  afterAll(() => shop.end())

  async function stage(path: string, mode: ImportMode, signal = never): Promise<StagedDisk & { folder: string; fractions: number[] }> {
    const folder = shop.path(`staged-${(count += 1)}`)
    mkdirSync(folder)
    const examined = await examine(path, { raw: false })
    const disk = examined.what === 'disk' ? examined.disk : examined.what === 'machine' ? examined.package.disks[0] : undefined
    if (disk === undefined) throw new Error(`${path} has no disk`)
    const fractions: number[] = []
    return { ...(await stageDisk(disk, mode, folder, { signal, progressed: (fraction) => fractions.push(fraction) })), folder, fractions }
  }

  const formats: readonly (readonly [name: string, format: string, ...options: string[]])[] = [
    ['v3.qcow2', 'qcow2'],
    ['v2.qcow2', 'qcow2', 'compat=0.10'],
    ['wide.qcow2', 'qcow2', 'extended_l2=on'],
    ['zstd.qcow2', 'qcow2', 'compression_type=zstd'],
    ['sparse.vmdk', 'vmdk', 'subformat=monolithicSparse'],
    ['stream.vmdk', 'vmdk', 'subformat=streamOptimized'],
    ['flat.vmdk', 'vmdk', 'subformat=monolithicFlat'],
    ['split.vmdk', 'vmdk', 'subformat=twoGbMaxExtentSparse'],
    ['split-flat.vmdk', 'vmdk', 'subformat=twoGbMaxExtentFlat'],
    ['dynamic.vhd', 'vpc', 'subformat=dynamic', 'force_size=on'],
    ['fixed.vhd', 'vpc', 'subformat=fixed', 'force_size=on'],
    ['dynamic.vhdx', 'vhdx', 'subformat=dynamic'],
    ['fixed.vhdx', 'vhdx', 'subformat=fixed'],
    ['dynamic.vdi', 'vdi'],
    ['fixed.vdi', 'vdi', 'static=on'],
    ['copy.raw', 'raw'],
  ]
  test.each(formats)('%s, copied and used in place', async (name, format, ...options) => {
    const original = shop.convert(raw, name, format, ...options)
    const before = readFileSync(original)
    const copied = await stage(original, 'copy')
    expect(shop.same(raw, 'raw', copied.path, 'qcow2')).toBe(true)
    expect(JSON.parse(qemuImg('info', '--output=json', copied.path))).not.toHaveProperty('backing-filename')
    expect(copied.fractions.at(-1)).toBe(1)
    expect(readdirSync(copied.folder)).toEqual(['disk.qcow2'])
    const overlay = await stage(original, 'in-place')
    expect(JSON.parse(qemuImg('info', '--output=json', overlay.path))).toMatchObject({ 'backing-filename': original, 'backing-filename-format': format })
    expect(shop.same(raw, 'raw', overlay.path, 'qcow2')).toBe(true)
    execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write -P 7 1M 64k', overlay.path])
    expect(readFileSync(original).equals(before)).toBe(true)
  })

  test('a qcow2 chain within its folder is flattened, and not used in place', async () => {
    const base = shop.convert(raw, 'base.qcow2', 'qcow2')
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, shop.path('top.qcow2')])
    execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write -P 9 5M 64k', shop.path('top.qcow2')])
    const copied = await stage(shop.path('top.qcow2'), 'copy')
    expect(shop.same(shop.path('top.qcow2'), 'qcow2', copied.path, 'qcow2')).toBe(true)
    await expect(stage(shop.path('top.qcow2'), 'in-place')).rejects.toThrow('based on another file')
  })

  test('a qcow2 whose data is in another file is copied', async () => {
    qemuImg('convert', '-f', 'raw', '-O', 'qcow2', '-o', `data_file=${shop.path('outer.data')},data_file_raw=on`, raw, shop.path('outer.qcow2'))
    expect(shop.same(raw, 'raw', (await stage(shop.path('outer.qcow2'), 'copy')).path, 'qcow2')).toBe(true)
  })

  test('a qcow2 is moved in by its name alone; other formats are copied, compared and removed', async () => {
    const qcow2 = shop.convert(raw, 'moved.qcow2', 'qcow2')
    const { ino } = statSync(qcow2)
    const moved = await stage(qcow2, 'move')
    expect(existsSync(qcow2)).toBe(true) // only when the guest is there is the original given up
    expect(await removeOriginals(moved.folder)).toEqual([])
    expect(existsSync(qcow2)).toBe(false)
    expect(statSync(moved.path).ino).toBe(ino)
    const vmdk = shop.convert(raw, 'gone.vmdk', 'vmdk', 'subformat=twoGbMaxExtentFlat')
    const copied = await stage(vmdk, 'move')
    expect(await removeOriginals(copied.folder)).toEqual([])
    expect([existsSync(vmdk), existsSync(shop.path('gone-f001.vmdk'))]).toEqual([false, false])
    expect(shop.same(raw, 'raw', copied.path, 'qcow2')).toBe(true)
  })

  test('an original that somebody changed since is not removed', async () => {
    const vdi = shop.convert(raw, 'changed.vdi', 'vdi')
    const copied = await stage(vdi, 'move')
    execFileSync('touch', ['-d', '2020-01-01', vdi])
    expect(await removeOriginals(copied.folder)).toEqual([vdi])
    expect(existsSync(vdi)).toBe(true)
  })

  test('names that QEMU would take for something else are only names', async () => {
    for (const name of ['json:{"driver":"null-co"}', 'nbd:localhost:1', 'a,b=c.qcow2', 'fat:rw:x', '-f raw', 'ä ö\u{1f4be}.vmdk']) {
      const path = shop.convert(raw, 'plain', name.endsWith('vmdk') ? 'vmdk' : 'qcow2')
      execFileSync('mv', ['--', path, shop.path(name)])
      expect(shop.same(raw, 'raw', (await stage(shop.path(name), 'copy')).path, 'qcow2')).toBe(true)
      const overlay = await stage(shop.path(name), 'in-place')
      expect(shop.same(raw, 'raw', overlay.path, 'qcow2')).toBe(true)
    }
  })

  test('cancelling ends the converter at once and rejects with the reason', async () => {
    const abort = new AbortController()
    const disk = await examine(shop.convert(raw, 'slow.vmdk', 'vmdk', 'subformat=streamOptimized'), { raw: false })
    const folder = shop.path('cancelled')
    mkdirSync(folder)
    const staging = stageDisk(disk.what === 'disk' ? disk.disk : expect.unreachable(), 'copy', folder, { signal: abort.signal, progressed: () => abort.abort(new Error('enough')) })
    await expect(staging).rejects.toThrow('enough')
    expect(convertersOf(folder)).toEqual([])
  })
})
