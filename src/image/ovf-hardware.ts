import { damaged, demand } from './image-problem.ts'
import { unitBytes, wholeNumber } from './ovf-units.ts'
import { all, first, textOf, type XmlElement } from './xml.ts'

export interface Hardware {
  readonly vcpus: number
  readonly memoryMiB: number
  /** What each network card is connected to, as the machine's maker called it; '' where nothing is said. */
  readonly networkCards: readonly string[]
  readonly firmware: 'bios' | 'uefi'
  /** What is attached as disks, and as discs, in order. */
  readonly attached: readonly string[]
  readonly discs: readonly string[]
  /** What it has that no guest gets, in words. */
  readonly leftOut: readonly string[]
}

/** CIM_ResourceAllocationSettingData.ResourceType (DMTF DSP0243, 8.1). */
const resource = { processor: '3', memory: '4', ethernet: '10', cdDrive: '15', dvdDrive: '16', disk: '17' } as const
/** The same numbers; 35 is VirtualBox's for sound. */
const unknownHere = { '14': 'floppy drive', '21': 'serial port', '22': 'parallel port', '35': 'sound card' } as const

/** What a machine consists of. Items meant for another configuration than the first are left out. Throws ImageProblem. */
export function readHardware(system: XmlElement): Hardware {
  const section = first(system, 'VirtualHardwareSection')
  demand(section !== undefined, () => damaged('its description says nothing of its hardware'))
  const items = section.children.filter(({ name, attributes }) => ['Item', 'StorageItem', 'EthernetPortItem'].includes(name) && attributes['configuration'] === undefined)
  const ofType = (...types: string[]) => items.filter((item) => types.includes(textOf(item, 'ResourceType') ?? ''))
  const [processor] = ofType(resource.processor)
  const [memory] = ofType(resource.memory)
  const quantity = (item: XmlElement | undefined) => wholeNumber(textOf(item, 'VirtualQuantity')) ?? 0
  const memoryBytes = quantity(memory) * (memory === undefined ? 0 : unitBytes(textOf(memory, 'AllocationUnits') ?? 'byte * 2^20'))
  demand(memoryBytes <= 2 ** 46, () => damaged('its description asks for an absurd amount of memory'))
  const attachedTo = (drives: readonly XmlElement[]) => inOrder(drives, items).flatMap((drive) => textOf(drive, 'HostResource') ?? [])
  return {
    vcpus: Math.max(1, quantity(processor)),
    memoryMiB: Math.round(memoryBytes / 2 ** 20),
    networkCards: ofType(resource.ethernet).map((card) => textOf(card, 'Connection') ?? ''),
    firmware: readFirmware(system, section),
    attached: attachedTo(ofType(resource.disk)),
    discs: attachedTo(ofType(resource.cdDrive, resource.dvdDrive)),
    leftOut: Object.entries(unknownHere).flatMap(([type, words]) => (ofType(type).length > 0 ? [words] : [])),
  }
}

/** By controller as they are listed, then by place on it. */
function inOrder(drives: readonly XmlElement[], items: readonly XmlElement[]): XmlElement[] {
  const controllerOf = (drive: XmlElement) => items.findIndex((item) => textOf(item, 'InstanceID') === textOf(drive, 'Parent'))
  const place = (drive: XmlElement) => wholeNumber(textOf(drive, 'AddressOnParent')) ?? 0
  return [...drives].sort((left, right) => controllerOf(left) - controllerOf(right) || place(left) - place(right))
}

/** VMware says it in a setting, VirtualBox in its own section; who says nothing means BIOS. */
function readFirmware(system: XmlElement, section: XmlElement): Hardware['firmware'] {
  const vmware = all(section, 'Config').some(({ attributes }) => attributes['key'] === 'firmware' && attributes['value'] === 'efi')
  const virtualBox = first(system, 'Machine', 'Hardware', 'Firmware')?.attributes['type'] ?? first(system, 'Machine', 'Hardware', 'BIOS', 'Firmware')?.attributes['type']
  return vmware || /^EFI/i.test(virtualBox ?? '') ? 'uefi' : 'bios'
}
