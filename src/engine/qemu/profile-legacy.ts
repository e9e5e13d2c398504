import type { QemuFeatures } from './features.ts'
import type { Hardware } from './hardware.ts'

/**
 * A PC of about 2000: i440FX, IDE, an RTL8139 card, standard VGA; for Windows 2000 to 7 and other systems without virtio.
 * The processor is the plainest 64-bit one also under KVM, where old systems trip over what newer ones can do. The mouse
 * is PS/2 until the system polls the USB tablet. The agent, where one runs, is on the second serial port.
 */
export function legacyHardware(features: QemuFeatures): Hardware {
  return {
    machine: [features.machines.pc, {}],
    cpu: 'qemu64',
    clock: 'base=localtime',
    globals: [],
    hasSlots: false,
    disk: { driver: 'ide-hd', bus: 'ide.0', unit: 0 },
    discs: [{ driver: 'ide-cd', bus: 'ide.1', unit: 0 }, { driver: 'ide-cd', bus: 'ide.1', unit: 1 }],
    card: { driver: 'rtl8139', jumbo: false },
    video: { driver: 'VGA' },
    input: [{ driver: 'piix3-usb-uhci', id: 'usb0' }, { driver: 'usb-tablet', id: 'tablet0', bus: 'usb0.0' }],
    isParavirtual: false,
  }
}
