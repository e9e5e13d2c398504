import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tar, tarMember } from '../../fake/images.ts'
import { writeOvf } from '../../../src/image/ovf-document.ts'
import { type Examined, examine } from '../../../src/node/image/examine.ts'
import { stageDisk } from '../../../src/node/image/stage-disk.ts'
import { verifyChecksums } from '../../../src/node/image/verify-checksums.ts'
import { qemuImg, Workshop } from './images.ts'

const look = (path: string): Promise<Examined> => examine(path, { raw: false })

describe('files that ask for what is not theirs', () => {
  const shop = new Workshop()
  let raw: string
  let secret: string

  beforeAll(() => {
    raw = shop.raw()
    secret = shop.write('elsewhere/secret.raw', Buffer.alloc(1 << 20, 'the secret of another folder'))
    mkdirSync(shop.path('inbox'))
  })
  afterAll(() => shop.end())

  function overlay(name: string, backing: string, format = 'raw'): string {
    qemuImg('create', '-q', '-u', '-f', 'qcow2', '-F', format, '-b', backing, shop.path(name), '1M')
    return shop.path(name)
  }

  test.each([
    ['an absolute path', () => secret, 'absolute'],
    ['a path that leads out', () => '../elsewhere/secret.raw', 'leads out'],
    ['a URL', () => 'nbd://127.0.0.1:10809/x', 'an address'],
    ['a protocol of QEMU', () => 'json:{"driver":"file","filename":"/etc/shadow"}', 'no file should have'],
    ['a file descriptor', () => 'fd:3', 'an address'],
    ['a file that is not there', () => 'nowhere.raw', 'is not there'],
  ])('a qcow2 is not based on %s', async (_, backing, words) => {
    await expect(look(overlay('inbox/based.qcow2', backing()))).rejects.toThrow(words)
  })

  test('nor on a link, a device, a pipe or itself', async () => {
    symlinkSync('../elsewhere/secret.raw', shop.path('inbox/link.raw'))
    await expect(look(overlay('inbox/based.qcow2', 'link.raw'))).rejects.toThrow('link that leads out')
    symlinkSync('../elsewhere', shop.path('inbox/folder'))
    await expect(look(overlay('inbox/based.qcow2', 'folder/secret.raw'))).rejects.toThrow('link that leads out')
    execFileSync('mkfifo', [shop.path('inbox/pipe')])
    await expect(look(overlay('inbox/based.qcow2', 'pipe'))).rejects.toThrow('a device or a pipe')
    await expect(look(overlay('inbox/itself.qcow2', 'itself.qcow2', 'qcow2'))).rejects.toThrow('its own backing file')
  })

  test('nor further down its chain', async () => {
    overlay('inbox/middle.qcow2', secret)
    await expect(look(overlay('inbox/top.qcow2', 'middle.qcow2', 'qcow2'))).rejects.toThrow('absolute')
  })

  test('an overlay without a format does not have one guessed by QEMU', async () => {
    // A guest can write a qcow2 header into its raw disk; whoever then guesses opens what that header names.
    overlay('inbox/planted.raw', secret)
    qemuImg('create', '-q', '-u', '-f', 'qcow2', '-F', 'raw', '-b', 'planted.raw', shop.path('inbox/victim.qcow2'), '1M')
    const { disk } = diskIn(await look(shop.path('inbox/victim.qcow2')))
    mkdirSync(shop.path('staged'))
    const { path } = await stageDisk(disk, 'copy', shop.path('staged'), { signal: new AbortController().signal, progressed: () => undefined })
    qemuImg('convert', '-f', 'qcow2', '-O', 'raw', path, shop.path('staged/seen.raw'))
    const seen = readFileSync(shop.path('staged/seen.raw'))
    expect(seen.includes('secret of another folder')).toBe(false)
    expect(seen.subarray(0, 4).toString('latin1')).toBe('QFI\xfb')
  })

  test('a qcow2 does not keep its data elsewhere', async () => {
    qemuImg('create', '-q', '-f', 'qcow2', '-o', `data_file=${shop.path('elsewhere/outer.raw')}`, shop.path('inbox/outer.qcow2'), '1M')
    await expect(look(shop.path('inbox/outer.qcow2'))).rejects.toThrow('absolute')
  })

  test.each([
    ['../elsewhere/secret.raw', 'leads out'],
    ['/etc/hostname', 'absolute'],
    ['link.raw', 'link that leads out'],
    ['gone.vmdk', 'is not there'],
    ['json:{}', 'an address'],
  ])('a VMDK has no part %s', async (name, words) => {
    const path = shop.write('inbox/split.vmdk', `# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 8 FLAT "${name}" 0\n`)
    await expect(look(path)).rejects.toThrow(words)
  })

  test('a part that is shorter than promised is cut short', async () => {
    shop.write('inbox/short.raw', Buffer.alloc(512))
    await expect(look(shop.write('inbox/short.vmdk', '# Disk DescriptorFile\ncreateType="monolithicFlat"\nRW 8 FLAT "short.raw" 0\n'))).rejects.toThrow('cut short')
  })

  test('devices, folders and pipes are no disks', async () => {
    await expect(look('/dev/zero')).rejects.toThrow('a device or a pipe')
    await expect(look(shop.folder)).rejects.toThrow('a folder')
    await expect(look(shop.path('inbox/pipe'))).rejects.toThrow('a device or a pipe')
  })

  test('what is cut off within its data is noticed before it is taken', async () => {
    for (const [name, format, ...options] of [['cut.qcow2', 'qcow2'], ['cut.vmdk', 'vmdk', 'subformat=monolithicSparse'], ['cut.vhdx', 'vhdx'], ['cut.vdi', 'vdi']] as const) {
      const whole = readFileSync(shop.convert(raw, name, format, ...options))
      const path = shop.write(name, whole.subarray(0, whole.length - (format === 'vhdx' ? 20 << 20 : 300_000)))
      const folder = shop.path(`cut-${format}`)
      mkdirSync(folder)
      const taken = look(path).then((found) => stageDisk(diskIn(found).disk, 'copy', folder, { signal: new AbortController().signal, progressed: () => undefined }))
      await expect(taken, format).rejects.toThrow(/cut short|beyond its end|checked/)
    }
  })

  describe('machines', () => {
    const machine = { name: 'm', title: 'M', os: 'Debian', kind: 'linux', vcpus: 1, memoryMiB: 512, firmware: 'bios', networkCards: ['stage'], diskBus: 'sata' } as const
    const description = (file: string, fileBytes: number) => writeOvf({ ...machine, disk: { file, fileBytes, virtualBytes: 24 << 20 } })
    let disk: Buffer

    beforeAll(() => {
      disk = readFileSync(shop.convert(raw, 'member.vmdk', 'vmdk', 'subformat=streamOptimized'))
    })

    const ova = (...members: Buffer[]) => shop.write('m.ova', tar(...members))

    test('a sound one is taken', async () => {
      const found = await look(ova(tarMember('m.ovf', description('d.vmdk', disk.length)), tarMember('d.vmdk', disk)))
      expect(found).toMatchObject({ what: 'machine', package: { kind: 'ova', disks: [{ name: 'd.vmdk', facts: { variant: 'streamOptimized', virtualBytes: 24 << 20 } }] } })
    })

    test.each([
      ['a link for a disk', () => [tarMember('m.ovf', description('d.vmdk', 0)), tarMember('d.vmdk', '', { type: '2', link: '/etc/shadow' })], 'a link'],
      ['two descriptions of one name', () => [tarMember('m.ovf', description('d.vmdk', 1)), tarMember('./m.ovf', description('e.vmdk', 1))], 'two of its members'],
      ['a disk that is missing', () => [tarMember('m.ovf', description('d.vmdk', 5))], 'does not'],
      ['a disk of another size', () => [tarMember('m.ovf', description('d.vmdk', 5)), tarMember('d.vmdk', disk)], 'should have 5'],
      ['a disk that is a description of others', () => [tarMember('m.ovf', description('d.vmdk', 68)), tarMember('d.vmdk', '# Disk DescriptorFile\nRW 8 FLAT "m.ovf" 0\n#                         ')], 'several files'],
      ['a disk based on another', () => [tarMember('m.ovf', description('d.qcow2', readFileSync(overlay('inbox/based.qcow2', secret)).length)), tarMember('d.qcow2', readFileSync(shop.path('inbox/based.qcow2')))], 'several files'],
      ['a bomb for a description', () => [tarMember('m.ovf', '<!DOCTYPE b [<!ENTITY a "aaaa">]><Envelope>&a;</Envelope>')], 'document type'],
      ['no description', () => [tarMember('d.vmdk', disk)], 'without the description'],
      ['a checksum list that cannot be read', () => [tarMember('m.ovf', description('d.vmdk', disk.length)), tarMember('m.mf', 'nonsense'), tarMember('d.vmdk', disk)], 'checksums'],
    ])('one with %s is not', async (_, members, words) => {
      await expect(look(ova(...members()))).rejects.toThrow(words)
    })

    test('one whose checksum is wrong is found out', async () => {
      const found = await look(ova(tarMember('m.ovf', description('d.vmdk', disk.length)), tarMember('m.mf', `SHA256(d.vmdk)= ${'0'.repeat(64)}\n`), tarMember('d.vmdk', disk)))
      if (found.what !== 'machine') throw new Error(found.what)
      await expect(verifyChecksums(found.package.checksums, { signal: new AbortController().signal, progressed: () => undefined })).rejects.toThrow('checksum of "d.vmdk" is wrong')
    })

    test('one cut short is damaged', async () => {
      const path = ova(tarMember('m.ovf', description('d.vmdk', disk.length)), tarMember('d.vmdk', disk))
      shop.write('m.ova', readFileSync(path).subarray(0, -20_000))
      await expect(look(path)).rejects.toThrow('cut short')
    })

    test("an OVF's files do not lie elsewhere", async () => {
      await expect(look(shop.write('inbox/m.ovf', description('../member.vmdk', disk.length)))).rejects.toThrow('leads out')
      symlinkSync('../member.vmdk', shop.path('inbox/d.vmdk'))
      await expect(look(shop.write('inbox/m.ovf', description('d.vmdk', disk.length)))).rejects.toThrow('link that leads out')
    })
  })

  function diskIn(found: Examined) {
    if (found.what !== 'disk') throw new Error(`it is a ${found.what}`)
    return found
  }
})
