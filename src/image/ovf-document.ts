import { escapeXml } from './xml.ts'

/** A machine to be described. `diskFile` stands beside the description. */
export interface DescribedMachine {
  readonly name: string
  readonly title: string
  readonly os: string
  readonly kind: 'linux' | 'windows' | 'other'
  readonly vcpus: number
  readonly memoryMiB: number
  readonly firmware: 'bios' | 'uefi'
  /** The network that each card is on. */
  readonly networkCards: readonly string[]
  /** ide: what every system knows; sata: what those since about 2007 know. */
  readonly diskBus: 'ide' | 'sata'
  readonly disk: { readonly file: string; readonly fileBytes: number; readonly virtualBytes: number }
}

const namespaces = [
  'xmlns="http://schemas.dmtf.org/ovf/envelope/1"',
  'xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"',
  'xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"',
  'xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData"',
  'xmlns:vmw="http://www.vmware.com/schema/ovf"',
].join(' ')

/** CIM_OperatingSystem.OSType: Linux 64-bit, and Other, which the name explains. */
const osIds = { linux: 101, windows: 1, other: 1 } as const

/** CIM resource types (DSP0243, 8.1). */
const controllers = {
  ide: { type: 5, subType: 'PIIX4', name: 'IDE Controller 0' },
  sata: { type: 20, subType: 'AHCI', name: 'SATA Controller 0' },
} as const

/** An OVF 1.1 description (DSP0243 1.1.1) of a machine with one disk, as VMware, VirtualBox and virt-v2v read it. */
export function writeOvf(machine: DescribedMachine): string {
  const { disk } = machine
  const cards = machine.networkCards.map((network, index) => card(10 + index, index, network))
  return `<?xml version="1.0" encoding="UTF-8"?>
<Envelope ${namespaces}>
  <References>
    <File ovf:id="file1" ovf:href="${escapeXml(disk.file)}" ovf:size="${disk.fileBytes}"/>
  </References>
  <DiskSection>
    <Info>Virtual disks</Info>
    <Disk ovf:diskId="vmdisk1" ovf:fileRef="file1" ovf:capacity="${disk.virtualBytes}" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
  </DiskSection>
  <NetworkSection>
    <Info>Networks</Info>
${[...new Set(machine.networkCards)].map((network) => `    <Network ovf:name="${escapeXml(network)}">\n      <Description>A network the machine was on</Description>\n    </Network>`).join('\n')}
  </NetworkSection>
  <VirtualSystem ovf:id="${escapeXml(machine.name)}">
    <Info>A virtual machine</Info>
    <Name>${escapeXml(machine.title)}</Name>
    <OperatingSystemSection ovf:id="${osIds[machine.kind]}">
      <Info>The operating system</Info>
      <Description>${escapeXml(machine.os)}</Description>
    </OperatingSystemSection>
    <VirtualHardwareSection>
      <Info>Virtual hardware</Info>
      <System>
        <vssd:ElementName>Virtual Hardware Family</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemIdentifier>${escapeXml(machine.name)}</vssd:VirtualSystemIdentifier>
        <vssd:VirtualSystemType>vmx-10</vssd:VirtualSystemType>
      </System>
${[processor(machine.vcpus), memory(machine.memoryMiB), controller(machine.diskBus), drive(), ...cards].join('\n')}${
    machine.firmware === 'uefi' ? '\n      <vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>' : ''
  }
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
`
}

/** The elements of an item stand in alphabetical order, as the schema demands. */
function item(values: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries(values)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `        <rasd:${name}>${escapeXml(String(value))}</rasd:${name}>`)
  return `      <Item>\n${lines.join('\n')}\n      </Item>`
}

function processor(count: number): string {
  return item({ AllocationUnits: 'hertz * 10^6', Description: 'Number of virtual CPUs', ElementName: `${count} virtual CPU(s)`, InstanceID: 1, ResourceType: 3, VirtualQuantity: count })
}

function memory(mebibytes: number): string {
  return item({ AllocationUnits: 'byte * 2^20', Description: 'Memory size', ElementName: `${mebibytes} MB of memory`, InstanceID: 2, ResourceType: 4, VirtualQuantity: mebibytes })
}

function controller(bus: DescribedMachine['diskBus']): string {
  const { type, subType, name } = controllers[bus]
  return item({ Address: 0, Description: name, ElementName: name, InstanceID: 3, ResourceSubType: subType, ResourceType: type })
}

function drive(): string {
  return item({ AddressOnParent: 0, ElementName: 'Hard Disk 1', HostResource: 'ovf:/disk/vmdisk1', InstanceID: 4, Parent: 3, ResourceType: 17 })
}

function card(id: number, index: number, network: string): string {
  return item({ AddressOnParent: index, AutomaticAllocation: 'true', Connection: network, ElementName: `Ethernet ${index + 1}`, InstanceID: id, ResourceSubType: 'E1000', ResourceType: 10 })
}
