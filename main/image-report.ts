import { basename } from 'node:path'
import type { ImageDisk, ImageReport, ImportedMachine } from '../src/contract/image.ts'
import { GuestName, type NetworkName, stageNetwork } from '../src/contract/names.ts'
import { freeName, nameFrom } from '../src/guest/new-guest.ts'
import { networksFor } from '../src/image/imported-cards.ts'
import type { OvfMachine } from '../src/image/ovf.ts'
import { describeDisk, kindOf, titleOf } from '../src/image/suggest.ts'
import type { Examined } from '../src/node/image/examine.ts'
import type { ExaminedDisk } from '../src/node/image/examine-disk.ts'
import { inWords } from '../src/node/image/free-space.ts'

/** What a system needs at least to be of use, where the file does not say. */
const usual = { linux: { vcpus: 1, memoryMiB: 1_024 }, windows: { vcpus: 2, memoryMiB: 4_096 }, other: { vcpus: 1, memoryMiB: 1_024 } } as const
const mostVcpus = 64
const leastMemoryMiB = 64
const mostMemoryMiB = 1_048_576

/** What an import of a judged file would make, for people to read before they ask for it. `wish`: the name it is to have. */
export function reportOf(examined: Examined, shownAs: string, isFree: (name: GuestName) => boolean, wish?: GuestName): ImageReport {
  const name = (title: string) => wish ?? freeName(nameFrom(title), isFree)
  switch (examined.what) {
    case 'machine': {
      const { machine, disks, disc, kind } = examined.package
      const own = name(machine.title)
      // A network and a guest are both known by their names below one domain.
      const networks = networksFor(machine.hardware.networkCards, (network) => network !== String(own) && isFree(GuestName.parse(network)))
      const spare = disks.slice(1).map((disk) => spareDisk(disk, disks[0]?.name ?? '', kind))
      return {
        source: shownAs,
        format: kind,
        what: `${kind.toUpperCase()} machine`,
        machine: { name: own, ...fromOvf(machine), networks, disks: disks.map((disk) => describe(disk, disk.name)), disc: disc?.name ?? null },
        warnings: [...machine.warnings, ...spare, ...clamped(machine), ...cardNotes(machine, networks), ...disks.flatMap((disk) => disk.warnings)],
        refusal: null,
      }
    }
    case 'disk': {
      const { disk } = examined
      const machine = bare(shownAs, null)
      return { source: shownAs, format: disk.facts.format, what: describeDisk(disk.facts), machine: { name: name(machine.title), ...machine, disks: [describe(disk, shownAs)], disc: null }, warnings: [...disk.warnings], refusal: null }
    }
    case 'disc': {
      const { facts } = examined
      const machine = bare(shownAs, facts.label)
      const warnings = facts.bootable === false ? ['Nothing on this disc boots.'] : []
      return { source: shownAs, format: 'iso', what: describeDisk(facts), machine: { name: name(machine.title), ...machine, disks: [], disc: shownAs }, warnings: [...facts.warnings, ...warnings], refusal: null }
    }
  }
}

function describe({ facts, fileBytes }: ExaminedDisk, file: string): ImageDisk {
  return { file: basename(file), format: facts.format, variant: facts.variant, virtualBytes: facts.virtualBytes, fileBytes }
}

type Bare = Omit<ImportedMachine, 'name' | 'disks' | 'disc'>

function fromOvf({ title, os, hardware }: OvfMachine): Omit<Bare, 'networks'> {
  return {
    title: title.slice(0, 80),
    os: os.name,
    kind: os.kind,
    vcpus: Math.min(mostVcpus, hardware.vcpus),
    memoryMiB: hardware.memoryMiB === 0 ? usual[os.kind].memoryMiB : Math.min(mostMemoryMiB, Math.max(leastMemoryMiB, hardware.memoryMiB)),
    firmware: hardware.firmware,
  }
}

function clamped({ hardware }: OvfMachine): string[] {
  return [
    ...(hardware.vcpus > mostVcpus ? [`It wants ${hardware.vcpus} CPUs and gets ${mostVcpus}.`] : []),
    ...(hardware.leftOut.length > 0 ? [`Left out, since no guest has one: ${hardware.leftOut.join(', ')}.`] : []),
  ]
}

function spareDisk({ name, facts }: ExaminedDisk & { readonly name: string }, taken: string, kind: 'ova' | 'ovf'): string {
  const how = kind === 'ova' ? `unpack the machine (tar -xf FILE "${name}") and import that disk` : 'import that file'
  return `The disk "${name}" (${describeDisk(facts)}, ${inWords(facts.virtualBytes)}) is left out: a guest has one disk, and this one gets "${taken}". To keep it, ${how} as a guest of its own.`
}

function cardNotes({ hardware: { networkCards } }: OvfMachine, networks: readonly NetworkName[]): string[] {
  if (networkCards.length === 0) return ['It has no network card, so the guest is on no network. One can be added.']
  const tooMany = networkCards.length - networks.length
  return [
    ...(networks.length > 1 ? [`Its ${networks.length} network cards go on the networks ${networks.join(', ')}, in this order and with new hardware addresses; a network that is not there yet is made at the first start.`] : []),
    ...(tooMany > 0 ? [`${tooMany} more of its network cards are left out: a guest has at most ${networks.length}.`] : []),
  ]
}

function bare(file: string, label: string | null): Bare {
  const title = titleOf(basename(file))
  const kind = kindOf(`${label ?? ''} ${title}`)
  return { title, os: label ?? title, kind, ...usual[kind], firmware: 'bios', networks: [stageNetwork] }
}
