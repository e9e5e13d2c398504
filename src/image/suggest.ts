import type { HardwareProfile } from '../contract/hardware.ts'
import type { ImportedMachine } from '../contract/image.ts'
import type { DiskFacts } from './disk-facts.ts'

/** A file's name without its folder and known suffixes, as a title. */
export function titleOf(fileName: string): string {
  const bare = fileName.replace(/\.(qcow2?|img|raw|dd|bin|vmdk|vhdx?|vdi|iso|ova|ovf)$/i, '')
  return (bare === '' ? fileName : bare).slice(0, 80)
}

/** What kind of system a disc's label or a file's name speaks of. */
export function kindOf(words: string): ImportedMachine['kind'] {
  if (/windows|win(xp|2k|7|8|10|11)|\bw(7|8|10|11)\b|(ccc|cccoma|cpba|cena)_?\w*x64|grmc|virtio-win/i.test(words)) return 'windows'
  if (/linux|ubuntu|debian|fedora|centos|rhel|rocky|alma|suse|\barch\b|alpine|mint|manjaro|gentoo|kali|nixos/i.test(words)) return 'linux'
  return 'other'
}

/**
 * The hardware that a system most probably has drivers for. Disks of other hypervisors whose system is not known get what
 * every system knows; qcow2 and raw ones come from where paravirtual hardware is usual.
 */
export function profileFor(kind: ImportedMachine['kind'], os: string, format: DiskFacts['format']): HardwareProfile {
  if (kind === 'linux') return 'linux-modern'
  if (kind === 'windows') return /xp\b|2000|2003|vista|9[58]\b|nt ?[34]|winnt|\bme\b/i.test(os) ? 'legacy' : 'windows-modern'
  return format === 'qcow2' || format === 'raw' ? 'linux-modern' : 'legacy'
}

/** "VMDK disk, streamOptimized"; the words for people. */
export function describeDisk(facts: Pick<DiskFacts, 'format' | 'variant'>): string {
  if (facts.format === 'iso') return `disc image, ${facts.variant}`
  if (facts.format === 'raw') return `raw disk with ${facts.variant}`
  return `${facts.format === 'qcow2' ? 'qcow2' : facts.format.toUpperCase()} disk, ${facts.variant}`
}
