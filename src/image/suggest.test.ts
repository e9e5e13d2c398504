import { describe, expect, it } from 'vitest'
import { readManifest, writeManifest } from './manifest.ts'
import { describeDisk, kindOf, profileFor, titleOf } from './suggest.ts'

describe('what an imported guest is called and made of', () => {
  it('a title is the name without its suffix', () => {
    expect([titleOf('Old Server.vmdk'), titleOf('.ova'), titleOf('debian-12.qcow2'), titleOf('notes.txt')]).toEqual(['Old Server', '.ova', 'debian-12', 'notes.txt'])
  })

  it.each([
    ['ubuntu-24.04-live-server', 'linux'],
    ['Fedora-WS-Live-40', 'linux'],
    ['Win11_24H2_English_x64', 'windows'],
    ['CCCOMA_X64FRE_EN-US_DV9', 'windows'],
    ['darwin', 'other'],
    ['router', 'other'],
    ['archive-server', 'other'],
  ])('%s is %s', (words, kind) => {
    expect(kindOf(words)).toBe(kind)
  })

  it('hardware is what the system has drivers for', () => {
    expect(profileFor('linux', 'Debian', 'vmdk')).toBe('linux-modern')
    expect(profileFor('windows', 'Windows 11', 'vhdx')).toBe('windows-modern')
    for (const os of ['Windows XP', 'WindowsXP', 'Windows2003', 'WinNT4', 'Windows98', 'Microsoft Windows Me']) expect(profileFor('windows', os, 'vdi'), os).toBe('legacy')
    expect(profileFor('other', 'unknown', 'vdi')).toBe('legacy')
    expect(profileFor('other', 'unknown', 'qcow2')).toBe('linux-modern')
  })

  it('formats in words', () => {
    expect([describeDisk({ format: 'vmdk', variant: 'streamOptimized' }), describeDisk({ format: 'iso', variant: 'UDF' }), describeDisk({ format: 'raw', variant: 'GPT partitions' })]).toEqual(['VMDK disk, streamOptimized', 'disc image, UDF', 'raw disk with GPT partitions'])
  })
})

describe('a list of checksums', () => {
  const hex = (count: number) => 'aB'.repeat(count / 2)

  it('is read in the ways of its writers, and written in one', () => {
    const checksums = readManifest(`SHA1(a.ovf)= ${hex(40)}\r\nSHA256 (b c.vmdk) = ${hex(64)}\n\nSHA512(d)= ${hex(128)}\n`)
    expect(checksums.map(({ file, algorithm }) => [file, algorithm])).toEqual([['a.ovf', 'sha1'], ['b c.vmdk', 'sha256'], ['d', 'sha512']])
    expect(readManifest(writeManifest(checksums))).toEqual(checksums)
  })

  it.each(['MD5(a)= 00', 'SHA256(a)=', 'SHA1(a)= xyz', 'words'])('is damaged by %s', (line) => {
    expect(() => readManifest(line)).toThrow('cannot be read')
  })
})
