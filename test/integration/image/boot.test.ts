import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ImportMode } from '../../../src/contract/image.ts'
import { examine } from '../../../src/node/image/examine.ts'
import { stageDisk } from '../../../src/node/image/stage-disk.ts'
import { bootableDisk, bootedWith, hasVmdkStream, hasXmount, throughVmdkStream, throughXmount, Workshop } from './images.ts'

const text = 'from the middle of the disk'

describe('imported disks boot', () => {
  const shop = new Workshop()
  let raw: string
  let count = 0

  beforeAll(() => {
    raw = bootableDisk(shop.path('boot.raw'), text)
  })
  afterAll(() => shop.end())

  /** Imports and boots with what QEMU is given of an imported guest: a qcow2, by its format. */
  async function boot(path: string, mode: ImportMode): Promise<string> {
    const folder = shop.path(`guest-${(count += 1)}`)
    mkdirSync(folder)
    const examined = await examine(path, { raw: false })
    if (examined.what !== 'disk') throw new Error(`it is a ${examined.what}`)
    const staged = await stageDisk(examined.disk, mode, folder, { signal: new AbortController().signal, progressed: () => undefined })
    return bootedWith('-drive', `file=${staged.path},format=qcow2,if=ide`)
  }

  test.each([
    ['disk.qcow2', 'qcow2'],
    ['stream.vmdk', 'vmdk', 'subformat=streamOptimized'],
    ['split.vmdk', 'vmdk', 'subformat=twoGbMaxExtentSparse'],
    ['dynamic.vhd', 'vpc', 'subformat=dynamic', 'force_size=on'],
    ['dynamic.vhdx', 'vhdx'],
    ['dynamic.vdi', 'vdi'],
  ] as const)('%s of qemu-img, in place', async (name, format, ...options) => {
    expect(await boot(shop.convert(raw, name, format, ...options), 'in-place')).toBe(`BOOTED ${text}`)
  })

  test('a raw disk, copied', async () => {
    expect(await boot(raw, 'copy')).toBe(`BOOTED ${text}`)
  })

  test.skipIf(!hasXmount).each(['vdi', 'vhd', 'vmdk'] as const)('a %s that another program makes (xmount; needs root and FUSE)', async (format) => {
    expect(await throughXmount(raw, format, shop.path(`shown-${format}`), (file) => boot(file, 'copy'))).toBe(`BOOTED ${text}`)
  })

  test.skipIf(!hasVmdkStream)('a streamOptimized VMDK that another program makes (VMDKstream)', async () => {
    expect(await boot(throughVmdkStream(raw, shop.path('vmware.vmdk')), 'copy')).toBe(`BOOTED ${text}`)
  })

  test('a disc that another program makes (xorriso) is known to boot', async () => {
    const folder = shop.path('disc')
    mkdirSync(folder)
    execFileSync('sh', ['-c', `head -c 2048 "${raw}" > "${folder}/boot.img"`])
    const disc = shop.path('disc.bin')
    execFileSync('xorriso', ['-as', 'mkisofs', '-quiet', '-V', 'Debian 12', '-b', 'boot.img', '-no-emul-boot', '-boot-load-size', '4', '-o', disc, folder], { stdio: 'ignore' })
    expect(await examine(disc, { raw: false })).toMatchObject({ what: 'disc', facts: { variant: 'ISO 9660', label: 'Debian 12', bootable: true } })
    expect(await bootedWith('-cdrom', disc)).toMatch(/^(BOOTED|NO DISK)/)
    execFileSync('xorriso', ['-as', 'mkisofs', '-quiet', '-V', 'DATA', '-o', shop.path('data.bin'), folder], { stdio: 'ignore' })
    expect(await examine(shop.path('data.bin'), { raw: false })).toMatchObject({ what: 'disc', facts: { bootable: false } })
  })
})
