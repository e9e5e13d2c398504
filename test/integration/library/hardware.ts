import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MachineEvent } from '../../../src/engine/engine.ts'
import { tinyGuest, until } from '../engine/fixture.ts'

const directory = join(process.env['DIPTYCH_CACHE'] ?? tmpdir(), 'diptych-bootable-1')

/** A disk and a disc that boot by themselves and say what hardware they find; built once. */
export function bootable(): { disk: string; disc: string } {
  execFileSync(fileURLToPath(new URL('build-bootable-disk.sh', import.meta.url)), [directory, tinyGuest()], { stdio: ['ignore', 'inherit', 'inherit'] })
  return { disk: join(directory, 'disk.img'), disc: join(directory, 'disc.iso') }
}

/** A qcow2 of one's own with that disk in it. */
export function makeDisk(path: string): void {
  mkdirSync(join(path, '..'), { recursive: true })
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', bootable().disk, path])
}

export function copyDisc(path: string): void {
  copyFileSync(bootable().disc, path)
}

/** What the system of `bootable` found. */
export interface FoundHardware {
  readonly firmware: string
  readonly secure: string
  readonly tpm: string
  readonly from: string
  /** PCI device ids, hexadecimal. */
  readonly pci: readonly string[]
}

/** The last report in what the serial line said; null before there is one. */
export function readHardware(text: string): FoundHardware | null {
  const line = text.split('\n').findLast((each) => each.includes('HARDWARE ') && each.includes(' END'))
  if (line === undefined) return null
  const value = (name: string) => new RegExp(`${name}=(\\S*)`).exec(line)?.[1] ?? ''
  return { firmware: value('firmware'), secure: value('secure'), tpm: value('tpm'), from: value('from'), pci: value('pci').split(',').filter((id) => id !== '') }
}

export function hardwareIn(events: readonly MachineEvent[]): Promise<FoundHardware> {
  return until('the system to say what it found', () => readHardware(events.map((event) => (event.type === 'console' ? event.line : '')).join('\n')))
}
