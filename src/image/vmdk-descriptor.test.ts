import { describe, expect, it } from 'vitest'
import { readDescriptor, writeDescriptor } from './vmdk-descriptor.ts'

const head = '# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="twoGbMaxExtentSparse"\n'
const read = (...lines: string[]) => readDescriptor(`${head}${lines.join('\n')}\n`)

describe("a VMDK's description", () => {
  it('names the parts of a split disk in order', () => {
    const { createType, extents } = read('RW 4192256 SPARSE "disk-s001.vmdk"', 'RW 100 FLAT "disk-f002.vmdk" 64', 'RW 8 ZERO', 'ddb.adapterType = "lsilogic"')
    expect(createType).toBe('twoGbMaxExtentSparse')
    expect(extents).toEqual([
      { access: 'RW', sectors: 4_192_256, type: 'SPARSE', file: 'disk-s001.vmdk', offset: 0 },
      { access: 'RW', sectors: 100, type: 'FLAT', file: 'disk-f002.vmdk', offset: 64 },
      { access: 'RW', sectors: 8, type: 'ZERO', file: null, offset: 0 },
    ])
  })

  it.each([
    ['/etc/shadow', 'absolute'],
    ['../../guests/linux/disk.qcow2', 'leads out'],
    ['sub/../../x', 'leads out'],
    ['sub/x.vmdk', 'same folder'],
    ['nbd://host/export', 'an address'],
    ['nbd:unix:/run/x', 'an address'],
    ['json:{}', 'an address'],
    ['fd:3', 'an address'],
    ['C:\\disks\\x.vmdk', 'an address'],
    ['\\\\server\\share', 'absolute'],
    ['a\\..\\..\\x', 'leads out'],
  ])('does not name %s', (name, words) => {
    expect(() => read(`RW 100 FLAT "${name}" 0`)).toThrow(words)
  })

  it.each([
    ['a lone RW, which another reader would join with the next lines', 'RW', '100 FLAT "/etc/shadow" 0'],
    ['an extent behind blanks', '   RW 100 FLAT "/etc/shadow" 0'],
    ['an extent behind a tab', 'RW\t100\tFLAT\t"/etc/shadow"\t0'],
    ['an unended name', 'RW 100 FLAT "x'],
    ['words', 'what is this'],
  ])('has no line like %s', (_, ...lines) => {
    expect(() => read(...lines)).toThrow(/means nothing|absolute/)
  })

  it('is of one piece: snapshots, physical disks and swarms of files are refused', () => {
    expect(() => readDescriptor(head.replace('ffffffff', '0badcafe'))).toThrow('differences')
    expect(() => read('parentFileNameHint="base.vmdk"')).toThrow('differences')
    expect(() => read('RW 100 VMFSRDM "rdm.vmdk" 0')).toThrow('physical disk')
    expect(() => read('RW 100 SESPARSE "delta.vmdk"')).toThrow('of kind SESPARSE')
    expect(() => read(...Array.from({ length: 5_000 }, (_, index) => `RW 1 FLAT "f${index}" 0`))).toThrow('more than 4096')
    expect(() => read('NOACCESS 100 FLAT "x" 0')).toThrow('may not be read')
  })

  it('written here says only what was judged', () => {
    const written = writeDescriptor([{ access: 'RDONLY', sectors: 5, type: 'FLAT', file: 'x', offset: 7, path: '/data/ä x.vmdk' }, { access: 'RW', sectors: 2, type: 'ZERO', file: null, offset: 0, path: null }])
    expect(written.split('\n').filter((line) => line.startsWith('RW'))).toEqual(['RW 5 FLAT "/data/ä x.vmdk" 7', 'RW 2 ZERO'])
  })
})
