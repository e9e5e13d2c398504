import { describe, expect, it, test } from 'vitest'
import { detectedSystem, hardwareFor, parseResources, parseSystems, systemFile, usualResources } from './systems.ts'

const table = ` Short ID   | Name                 | Version | Family  | Release date | ID
------------+----------------------+---------+---------+--------------+------------------------------
 debian11   | Debian 11            | 11      | linux   | 2021-08-14   | http://debian.org/debian/11
 debian1.1  | Debian Buzz          | 1.1     | linux   | 1996-06-17   | http://debian.org/debian/1.1
 win11      | Microsoft Windows 11 | 11.0    | winnt   | 2021-10-05   | http://microsoft.com/win/11
 fedora37   | Fedora Linux 37      | 37      | linux   | 2022-11-15   | http://fedoraproject.org/fedora/37
 broken     | no address           |
`

describe('the osinfo database', () => {
  const systems = parseSystems(table)

  it('is read by its column names, newest first', () => {
    expect(systems.map(({ id, released, profile }) => [id, released, profile])).toEqual([
      ['fedora37', 2022, 'linux-modern'],
      ['debian11', 2021, 'linux-modern'],
      ['win11', 2021, 'windows-modern'],
      ['debian1.1', 1996, 'legacy'],
    ])
    expect(parseSystems('')).toEqual([])
  })

  it('names the system on a disc by the longest name that fits', () => {
    const on = (name: string) => detectedSystem(`Media is bootable.\nMedia is an installer for OS '${name}'\n`, systems)?.id ?? null
    expect(on('Debian 11 (x86_64)')).toBe('debian11')
    expect(on('Fedora Linux 37 Workstation (x86_64)')).toBe('fedora37')
    expect(on('Debian 110 (x86_64)')).toBeNull()
    expect(detectedSystem('Media is not bootable.\n', systems)).toBeNull()
  })

  it('names what a system asks for: recommended, else minimum, else usual', () => {
    const usual = usualResources({ kind: 'linux', profile: 'linux-modern' })
    const xml = (inner: string) => `<?xml version="1.0"?><libosinfo version="0.0.1"><os id="x">${inner}</os></libosinfo>`
    const both = '<resources arch="all"><minimum><n-cpus>1</n-cpus><ram>536870912</ram></minimum><recommended><ram>1073741824</ram><storage>21474836480</storage></recommended></resources>'
    expect(parseResources(xml(both), usual)).toEqual({ vcpus: 1, memoryMiB: 1024, diskMiB: 20_480, source: 'osinfo' })
    expect(parseResources(xml(both.replace('all', 'ppc64le')), usual)).toBeNull()
    expect(parseResources(xml(''), usual)).toBeNull()
  })

  it('finds a system’s own file, and no other', () => {
    expect(systemFile('http://debian.org/debian/11')).toBe('debian.org/debian-11.xml')
    expect(systemFile('http://microsoft.com/win/2k12r2')).toBe('microsoft.com/win-2k12r2.xml')
    for (const odd of ['http://x/../../etc/passwd', 'file:///etc/passwd', 'http://x/']) expect(systemFile(odd)).toBeNull()
  })
})

test.each([
  ['winnt', '6.3', 2013, 'windows-modern'],
  ['winnt', '6.1', 2009, 'legacy'],
  ['winnt', '10.0', 2015, 'windows-modern'],
  ['win9x', '4.1', 1998, 'legacy'],
  ['linux', '3', 2004, 'legacy'],
  ['linux', '', null, 'linux-modern'],
  ['freebsd', '13', 2021, 'linux-modern'],
  ['msdos', '6.22', 1994, 'legacy'],
] as const)('%s %s of %s gets %s', (family, version, released, profile) => {
  expect(hardwareFor(family, version, released).profile).toBe(profile)
})
