import { describe, expect, it } from 'vitest'
import { readOvf } from './ovf.ts'
import { type DescribedMachine, writeOvf } from './ovf-document.ts'
import { unitBytes } from './ovf-units.ts'
import { parseXml } from './xml.ts'

const machine: DescribedMachine = { name: 'web', title: 'Web & <Data>', os: 'Debian 12', kind: 'linux', vcpus: 3, memoryMiB: 1_536, firmware: 'uefi', networkCards: ['stage', 'lab & co'], diskBus: 'sata', disk: { file: 'web-disk1.vmdk', fileBytes: 1_234, virtualBytes: 10 << 20 } }
const change = (from: string | RegExp, to: string) => readOvf(writeOvf(machine).replace(from, to))

describe("a machine's description", () => {
  it('written here is read here with everything it says', () => {
    expect(readOvf(writeOvf(machine))).toEqual({
      title: 'Web & <Data>',
      os: { name: 'Debian 12', kind: 'linux' },
      hardware: { vcpus: 3, memoryMiB: 1_536, networkCards: ['stage', 'lab & co'], firmware: 'uefi', attached: ['ovf:/disk/vmdisk1'], discs: [], leftOut: [] },
      disks: [{ name: 'web-disk1.vmdk', size: 1_234, capacityBytes: 10 << 20 }],
      disc: null,
      warnings: [],
    })
    expect(readOvf(writeOvf({ ...machine, firmware: 'bios', diskBus: 'ide', kind: 'other' })).hardware.firmware).toBe('bios')
  })

  it("of VirtualBox's form: its own section for firmware, disks by file, a disc in the drive", () => {
    const read = readOvf(`<?xml version="1.0"?>
<Envelope ovf:version="1.0" xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="urn:rasd" xmlns:vbox="http://www.virtualbox.org/ovf/machine">
  <References><File ovf:href="a-disk001.vmdk" ovf:id="file1"/><File ovf:href="tools.iso" ovf:id="file2"/><File ovf:href="b-disk002.vmdk" ovf:id="file3"/></References>
  <DiskSection><Disk ovf:capacity="8" ovf:capacityAllocationUnits="byte * 2^30" ovf:diskId="vmdisk1" ovf:fileRef="file1"/><Disk ovf:capacity="1073741824" ovf:diskId="vmdisk2" ovf:fileRef="file3"/></DiskSection>
  <VirtualSystem ovf:id="Windows XP">
    <OperatingSystemSection ovf:id="67"><Description>WindowsXP</Description><vbox:OSType>WindowsXP</vbox:OSType></OperatingSystemSection>
    <VirtualHardwareSection>
      <Item><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>2</rasd:VirtualQuantity></Item>
      <Item><rasd:AllocationUnits>MegaBytes</rasd:AllocationUnits><rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>512</rasd:VirtualQuantity></Item>
      <Item><rasd:InstanceID>3</rasd:InstanceID><rasd:ResourceType>5</rasd:ResourceType></Item>
      <Item><rasd:InstanceID>6</rasd:InstanceID><rasd:ResourceType>17</rasd:ResourceType><rasd:AddressOnParent>1</rasd:AddressOnParent><rasd:HostResource>/disk/vmdisk2</rasd:HostResource><rasd:Parent>3</rasd:Parent></Item>
      <Item><rasd:InstanceID>5</rasd:InstanceID><rasd:ResourceType>17</rasd:ResourceType><rasd:AddressOnParent>0</rasd:AddressOnParent><rasd:HostResource>/disk/vmdisk1</rasd:HostResource><rasd:Parent>3</rasd:Parent></Item>
      <Item><rasd:InstanceID>8</rasd:InstanceID><rasd:ResourceType>35</rasd:ResourceType></Item>
      <Item><rasd:Connection>NAT</rasd:Connection><rasd:InstanceID>9</rasd:InstanceID><rasd:ResourceType>10</rasd:ResourceType></Item>
      <Item><rasd:InstanceID>7</rasd:InstanceID><rasd:ResourceType>15</rasd:ResourceType><rasd:HostResource>ovf:/file/file2</rasd:HostResource></Item>
    </VirtualHardwareSection>
    <vbox:Machine><Hardware><Firmware type="EFI"/></Hardware></vbox:Machine>
  </VirtualSystem>
</Envelope>`)
    expect(read).toMatchObject({ title: 'Windows XP', os: { kind: 'windows' }, disc: { name: 'tools.iso' }, hardware: { vcpus: 2, memoryMiB: 512, firmware: 'uefi', networkCards: ['NAT'], leftOut: ['sound card'] } })
    expect(read.disks.map(({ name, capacityBytes }) => [name, capacityBytes])).toEqual([['a-disk001.vmdk', 8 * 2 ** 30], ['b-disk002.vmdk', 2 ** 30]])
  })

  it.each([
    ['../../etc/shadow', 'leads out'],
    ['/etc/shadow', 'absolute'],
    ['http://example.org/disk.vmdk', 'address'],
    ['file:///etc/shadow', 'address'],
    ['json:{}', 'address'],
  ])('does not name the file %s', (name, words) => {
    expect(() => change('web-disk1.vmdk', name)).toThrow(words)
  })

  it.each([
    ['compressed disks', /ovf:size="1234"/, 'ovf:size="1234" ovf:compression="gzip"', 'compressed'],
    ['disks in pieces', /ovf:size="1234"/, 'ovf:size="1234" ovf:chunkSize="100"', 'pieces'],
    ['differences', /ovf:fileRef="file1"/, 'ovf:fileRef="file1" ovf:parentRef="x"', 'differences'],
    ['empty disks', /ovf:fileRef="file1" /, '', 'without a file'],
    ['disks that are not there', /ovf:\/disk\/vmdisk1/, 'ovf:/disk/other', 'not in it'],
    ['an absurd amount of memory', /1536<\/rasd:VirtualQuantity/, '999999999999999</rasd:VirtualQuantity', 'absurd amount'],
    ['another namespace', /xmlns="[^"]*"/, 'xmlns="urn:other"', 'no OVF'],
    ['no machine', /<VirtualSystem [\s\S]*<\/VirtualSystem>/, '', 'no machine'],
    ['two machines', /<\/VirtualSystem>/, '</VirtualSystem><VirtualSystem/>', '2 machines'],
    ['unknown units', /byte \* 2\^20/, 'furlong', 'furlong'],
  ])('has no %s', (_, from, to, words) => {
    expect(() => change(from, to)).toThrow(words)
  })

  it('a disk attached to nothing is left out and told', () => {
    expect(change(/<rasd:HostResource>.*<\/rasd:HostResource>/, '')).toMatchObject({ disks: [], warnings: [expect.stringContaining('attached to nothing')] })
  })

  it('counts in the units of programmers and of people', () => {
    expect([unitBytes('byte * 2^20'), unitBytes('MegaBytes'), unitBytes('byte*2^10'), unitBytes(undefined)]).toEqual([2 ** 20, 2 ** 20, 1024, 1])
  })
})

describe('XML', () => {
  it.each([
    ['a document type', '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', 'document type'],
    ['a bomb', `<!DOCTYPE l [<!ENTITY a "${'h'.repeat(10)}"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><l>&c;</l>`, 'document type'],
    ['an external document type', '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', 'document type'],
    ['an entity of its own', '<x>&secret;</x>', 'well-formed'],
    ['an open end', '<x><y></x>', 'well-formed'],
    ['a depth of 1,000', `${'<x>'.repeat(1_000)}${'</x>'.repeat(1_000)}`, 'deep'],
    ['100,000 elements', `<x>${'<y/>'.repeat(100_000)}</x>`, 'large'],
    ['5 MiB', `<x>${' '.repeat(5 << 20)}</x>`, 'longer than'],
    ['nothing', '', 'well-formed'],
    ['two roots', '<x/><y/>', 'well-formed'],
    ['an undeclared prefix', '<a:x/>', 'well-formed'],
  ])('with %s is refused', (_, text, words) => {
    expect(() => parseXml(text)).toThrow(words)
  })
})
