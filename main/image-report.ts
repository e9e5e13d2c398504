import { basename } from 'node:path'
import type { ImageDisk, ImageReport, ImportedMachine } from '../src/contract/image.ts'
import type { GuestName } from '../src/contract/names.ts'
import { freeName, nameFrom } from '../src/guest/new-guest.ts'
import type { OvfMachine } from '../src/image/ovf.ts'
import { describeDisk, kindOf, titleOf } from '../src/image/suggest.ts'
import type { Examined } from '../src/node/image/examine.ts'
import type { ExaminedDisk } from '../src/node/image/examine-disk.ts'

/** What a system needs at least to be of use, where the file does not say. */
const usual = { linux: { vcpus: 1, memoryMiB: 1_024 }, windows: { vcpus: 2, memoryMiB: 4_096 }, other: { vcpus: 1, memoryMiB: 1_024 } } as const
const mostVcpus = 64
const leastMemoryMiB = 64
const mostMemoryMiB = 1_048_576

/** What an import of a judged file would make, for people to read before they ask for it. */
export function reportOf(examined: Examined, shownAs: string, isFree: (name: GuestName) => boolean): ImageReport {
  const name = (title: string) => freeName(nameFrom(title), isFree)
  switch (examined.what) {
    case 'machine': {
      const { machine, disks, disc, kind } = examined.package
      const spare = disks.slice(1).map((disk) => `The disk "${disk.name}" is left out: a guest has one. Unpack the machine and import that disk by itself to keep it.`)
      return {
        source: shownAs,
        format: kind,
        what: `${kind.toUpperCase()} machine`,
        machine: { name: name(machine.title), ...fromOvf(machine), disks: disks.map((disk) => describe(disk, disk.name)), disc: disc?.name ?? null },
        warnings: [...machine.warnings, ...spare, ...clamped(machine), ...disks.flatMap((disk) => disk.warnings)],
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

function fromOvf({ title, os, hardware }: OvfMachine): Bare {
  return {
    title: title.slice(0, 80),
    os: os.name,
    kind: os.kind,
    vcpus: Math.min(mostVcpus, hardware.vcpus),
    memoryMiB: hardware.memoryMiB === 0 ? usual[os.kind].memoryMiB : Math.min(mostMemoryMiB, Math.max(leastMemoryMiB, hardware.memoryMiB)),
    firmware: hardware.firmware,
    networkCards: hardware.networkCards,
  }
}

function clamped({ hardware }: OvfMachine): string[] {
  return [
    ...(hardware.vcpus > mostVcpus ? [`It wants ${hardware.vcpus} CPUs and gets ${mostVcpus}.`] : []),
    ...(hardware.networkCards > 1 ? [`It has ${hardware.networkCards} network cards; the guest begins with one on the stage's network. More can be added.`] : []),
  ]
}

function bare(file: string, label: string | null): Bare {
  const title = titleOf(basename(file))
  const kind = kindOf(`${label ?? ''} ${title}`)
  return { title, os: label ?? title, kind, ...usual[kind], firmware: 'bios', networkCards: 1 }
}
