import type { QemuFeatures } from './features.ts'
import { type Accelerator, type Hardware, emulatedCpu } from './hardware.ts'

/** Everything paravirtual; for any system with virtio drivers. */
export function linuxModernHardware(features: QemuFeatures, accelerator: Accelerator): Hardware {
  return {
    machine: [features.machines.q35, {}],
    cpu: accelerator === 'kvm' ? 'host' : emulatedCpu,
    clock: 'base=utc',
    globals: [],
    hasSlots: true,
    disk: { driver: 'virtio-blk-pci' },
    discs: [{ driver: 'ide-cd', bus: 'ide.2' }, { driver: 'ide-cd', bus: 'ide.3' }],
    card: { driver: 'virtio-net-pci', jumbo: true },
    video: { driver: features.virtioVga ? 'virtio-vga' : 'VGA' },
    input: [{ driver: 'virtio-tablet-pci', id: 'tablet0' }, { driver: 'virtio-keyboard-pci', id: 'keyboard0' }],
    isParavirtual: true,
  }
}
