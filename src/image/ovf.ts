import { damaged, demand, unsupported } from './image-problem.ts'
import { relativeName } from './member-name.ts'
import { type Hardware, readHardware } from './ovf-hardware.ts'
import { unitBytes, wholeNumber } from './ovf-units.ts'
import { all, first, parseXml, textOf, type XmlElement } from './xml.ts'

/** A machine as an OVF describes it (DMTF DSP0243, OVF 1.x and 2.x). */
export interface OvfMachine {
  readonly title: string
  readonly os: { readonly name: string; readonly kind: 'linux' | 'windows' | 'other' }
  readonly hardware: Hardware
  /** In the order in which they are attached; `capacityBytes` as promised by the description. */
  readonly disks: readonly OvfDisk[]
  /** A disc in the drive. */
  readonly disc: OvfFile | null
  readonly warnings: readonly string[]
}

export interface OvfFile {
  readonly name: string
  readonly size: number | null
}

export interface OvfDisk extends OvfFile {
  readonly capacityBytes: number
}

/** Reads a description. Throws ImageProblem: not OVF, unsafe names, several machines, parts that are missing. */
export function readOvf(text: string): OvfMachine {
  const envelope = parseXml(text)
  demand(envelope.name === 'Envelope' && /dmtf\.org\/ovf\/envelope|vmware\.com\/schema\/ovf/.test(envelope.namespace), () => unsupported('it is XML, but no OVF description', 'Name the .ovf or .ova file of the machine.'))
  const system = theSystem(envelope)
  const hardware = readHardware(system)
  const files = readFiles(envelope)
  const disks = readDisks(envelope, files)
  const attached = hardware.attached.flatMap((resource) => resolve(resource, disks, files))
  const unattached = [...disks.values()].filter((disk) => !attached.includes(disk))
  const discs = hardware.discs.flatMap((resource) => resolve(resource, disks, files))
  return {
    title: textOf(system, 'Name') ?? system.attributes['id'] ?? 'Imported machine',
    os: readOs(first(system, 'OperatingSystemSection')),
    hardware,
    disks: attached.filter((each): each is OvfDisk => 'capacityBytes' in each),
    disc: discs[0] ?? null,
    warnings: unattached.map((disk) => `The disk "${disk.name}" is attached to nothing and is left out.`),
  }
}

function theSystem(envelope: XmlElement): XmlElement {
  const systems = all(envelope, 'VirtualSystem')
  const collected = all(envelope, 'VirtualSystemCollection').flatMap((collection) => all(collection, 'VirtualSystem'))
  const [system, another] = [...systems, ...collected]
  demand(system !== undefined, () => damaged('its description has no machine in it'))
  demand(another === undefined, () => unsupported(`it holds ${systems.length + collected.length} machines`, 'Export each machine by itself, then import one after the other.'))
  return system
}

function readFiles(envelope: XmlElement): Map<string, OvfFile> {
  const files = new Map<string, OvfFile>()
  for (const { attributes } of all(first(envelope, 'References'), 'File')) {
    const name = relativeName(attributes['href'] ?? '', 'a file of it')
    const compression = attributes['compression'] ?? ''
    demand(compression === '' || compression === 'identity', () => unsupported(`its file "${name}" is compressed (${compression})`, 'Export the machine without compressing its disks.'))
    demand(attributes['chunkSize'] === undefined, () => unsupported(`its file "${name}" is cut into pieces`, 'Export the machine without a chunk size.'))
    const size = wholeNumber(attributes['size'])
    demand(!files.has(attributes['id'] ?? ''), () => damaged('two of its files have one id'))
    files.set(attributes['id'] ?? '', { name, size })
  }
  return files
}

function readDisks(envelope: XmlElement, files: ReadonlyMap<string, OvfFile>): Map<string, OvfDisk> {
  const disks = new Map<string, OvfDisk>()
  const sections = [...all(envelope, 'DiskSection'), ...all(envelope, 'SharedDiskSection')]
  for (const { attributes } of sections.flatMap((section) => all(section, 'Disk'))) {
    const id = attributes['diskId'] ?? ''
    demand(attributes['parentRef'] === undefined, () => unsupported(`its disk "${id}" holds only the differences to another`, 'Export the machine without its snapshots.'))
    const file = files.get(attributes['fileRef'] ?? '')
    demand(file !== undefined, () => unsupported(`its disk "${id}" is to be made empty, without a file`, 'Export the machine with its disks.'))
    disks.set(id, { ...file, capacityBytes: (wholeNumber(attributes['capacity']) ?? 0) * unitBytes(attributes['capacityAllocationUnits']) })
  }
  return disks
}

/** `ovf:/disk/<id>` or `ovf:/file/<id>`; a host resource of any other form is the exporter's own and not in the package. */
function resolve(resource: string, disks: ReadonlyMap<string, OvfDisk>, files: ReadonlyMap<string, OvfFile>): (OvfDisk | OvfFile)[] {
  const [, noun, id = ''] = /^(?:ovf:)?\/(disk|file)\/(.+)$/.exec(resource) ?? []
  if (noun === undefined) return []
  const file = files.get(id)
  const found = noun === 'disk' ? disks.get(id) : ([...disks.values()].find((disk) => disk.name === file?.name) ?? file)
  demand(found !== undefined, () => damaged(`its description attaches "${resource}", which is not in it`))
  return [found]
}

function readOs(section: XmlElement | undefined): OvfMachine['os'] {
  const type = section?.attributes['osType'] ?? textOf(section, 'OSType') ?? ''
  const name = textOf(section, 'Description') ?? type
  const words = `${name} ${type}`
  const kind = /windows|winnt|win\d|winlonghorn/i.test(words) ? 'windows' : /linux|ubuntu|debian|fedora|red ?hat|rhel|centos|suse|sles|oracle|alma|rocky|arch|gentoo|photon/i.test(words) ? 'linux' : 'other'
  return { name: name === '' ? 'unknown' : name.slice(0, 80), kind }
}
