import { Bytes } from './byte-source.ts'

/** What a disk's first sectors say of the system on it; null where they say nothing. */
export interface DiskHints {
  readonly firmware: 'bios' | 'uefi' | null
  readonly kind: 'windows' | 'linux' | null
}

/** How much of a disk `readPartitions` wants. */
export const partitionBytes = 34 * 512

const types: Readonly<Record<string, 'esp' | 'biosBoot' | 'windows' | 'linux'>> = {
  c12a7328: 'esp',
  '21686148': 'biosBoot',
  e3c9e316: 'windows',
  ebd0a0a2: 'windows',
  '0fc63daf': 'linux',
  '4f68bce3': 'linux',
  e6d6d379: 'linux',
}

/**
 * Tells from a disk's partition table whether it boots by BIOS or UEFI: UEFI when there is an EFI system partition, no BIOS
 * boot partition and no code in the boot sector (UEFI 2.10, 5.3; the first four bytes of a type's GUID tell it).
 */
export function readPartitions(start: Uint8Array): DiskHints {
  const bytes = new Bytes(start, 'little')
  if (start.length < 1024 || bytes.u16(510) !== 0xaa55) return { firmware: null, kind: null }
  const bootCode = !bytes.isZero(0, 440)
  if (bytes.text(512, 8) !== 'EFI PART') return { firmware: bootCode ? 'bios' : null, kind: null }
  const found = new Set<string>()
  for (let at = 1024; at + 128 <= start.length; at += 128) {
    const type = types[bytes.u32(at).toString(16).padStart(8, '0')]
    if (type !== undefined) found.add(type)
  }
  const firmware = found.has('esp') && !found.has('biosBoot') && !bootCode ? 'uefi' : 'bios'
  return { firmware, kind: found.has('linux') ? 'linux' : found.has('windows') ? 'windows' : null }
}
