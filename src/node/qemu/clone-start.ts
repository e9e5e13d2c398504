import { chmodSync, existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { EngineFault, type MachineSpec } from '../../engine/engine.ts'
import type { RunPaths } from '../../engine/qemu/command-line.ts'
import type { QemuFeatures } from '../../engine/qemu/features.ts'
import { fixedSlots } from '../../engine/qemu/pci-slots.ts'
import { copyFileAtomicSync } from '../file/atomic.ts'
import type { SavedState } from './saved-state.ts'
import { firmwareNames } from './template-make.ts'

/**
 * A template's hardware with an identity of today: name, uuid, cards, disk and parameters are the clone's own. It has no
 * balloon, and as many slots for cards as the template has.
 */
export function clonedSpec({ directory, manifest }: SavedState, today: MachineSpec): MachineSpec {
  const { spec } = manifest
  if (spec.balloon !== false) throw new EngineFault('template', `The memory in ${directory} is no template's: it was saved with a balloon`)
  if (slotCount(today) !== slotCount(spec)) throw new EngineFault('template', `The template in ${directory} has slots for ${spec.nics.length} network cards, ${today.name} has ${today.nics.length}`, { remedy: 'Start it from its disk, or give it as many networks.' })
  const { name, uuid, nics, diskPath, parameters, clipboard } = today
  const boot = spec.boot.kind === 'kernel' && today.boot.kind === 'kernel' ? { ...spec.boot, kernelPath: today.boot.kernelPath, initrdPath: today.boot.initrdPath } : spec.boot
  return { ...spec, name, uuid, nics, diskPath, boot, parameters, clipboard }
}

/** Cards may be fewer than the template's guest had, or more, as long as the slots are the same. */
function slotCount({ nics }: MachineSpec): number {
  return Math.max(fixedSlots, nics.length + 1)
}

/** UEFI's variables as the template has them: what is in the flash memory and in its file must agree. */
export function placeFirmware(directory: string, diskPath: string): void {
  for (const name of firmwareNames) {
    const saved = join(directory, name)
    const own = join(dirname(diskPath), name)
    if (!existsSync(saved)) continue
    copyFileAtomicSync(saved, own)
  }
}

export interface TemplateMemory {
  readonly ram: RunPaths['ram']
  /** QEMU has the file open, or will not open it any more. */
  opened(): void
}

/** Files that QEMU is opening for writing at this moment, and how many starts wait for it. */
const opening = new Map<string, number>()

/**
 * Maps a template's memory privately: what the guest writes stays in this process, every other page is the file's, shared
 * by all clones. Nothing can change the file: QEMU 8.2 and later open it for reading alone; an older one has to open it for
 * writing, but neither the saved machine nor the clone has a balloon, the one device by which a guest could punch holes
 * into it (docs/decisions/0006-live-clones.md). The file's mode says so, too, but for the moment in which an older QEMU opens it.
 */
export function openTemplateMemory({ directory, ram: path }: SavedState, features: QemuFeatures): TemplateMemory {
  if (path === null) throw new EngineFault('template', `The template in ${directory} has its memory in no file of its own`)
  const ram: RunPaths['ram'] = { kind: 'file', path, share: false, readOnly: features.readOnlyRam }
  if (features.readOnlyRam) return { ram, opened: () => undefined }
  opening.set(path, (opening.get(path) ?? 0) + 1)
  chmodSync(path, 0o600)
  let isOpened = false
  return {
    ram,
    opened: () => {
      if (isOpened) return
      isOpened = true
      const left = (opening.get(path) ?? 1) - 1
      if (left > 0) opening.set(path, left)
      else opening.delete(path)
      if (left === 0) chmodSync(path, 0o400)
    },
  }
}
