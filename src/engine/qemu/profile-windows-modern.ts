import type { MachineSpec } from '../engine.ts'
import type { QemuFeatures } from './features.ts'
import { type Accelerator, type Hardware, emulatedCpu } from './hardware.ts'

/** Hyper-V's interfaces for its guests, with which Windows idles, keeps time and takes interrupts at less cost (QEMU, docs/system/i386/hyperv). KVM only. */
const enlightenments =
  'host,hv-relaxed=on,hv-vapic=on,hv-spinlocks=0x1fff,hv-vpindex=on,hv-runtime=on,hv-synic=on,hv-stimer=on,hv-reset=on,hv-frequencies=on,hv-tlbflush=on,hv-ipi=on,hv-time=on'

/**
 * For Windows 8.1, Server 2012 R2 and later: disk on AHCI and an e1000e card, which they know by themselves, or virtio where
 * a disc of drivers is given. Balloon, agent and clipboard ports are there and wait for their drivers. Windows keeps local
 * time in the clock, and does not come back from S3 under this firmware, so it is not offered.
 */
export function windowsModernHardware(spec: MachineSpec, features: QemuFeatures, accelerator: Accelerator): Hardware {
  const virtio = spec.driverDiscPath !== undefined && spec.driverDiscPath !== null
  const secure = spec.secureBoot === true
  return {
    machine: [features.machines.q35, { hpet: 'off', ...(secure ? { smm: 'on' } : {}) }],
    cpu: accelerator === 'kvm' ? enlightenments : emulatedCpu,
    clock: 'base=localtime,driftfix=slew',
    // Only code in system management mode, the firmware's, may then write its variables.
    globals: ['ICH9-LPC.disable_s3=1', ...(secure ? ['driver=cfi.pflash01,property=secure,value=on'] : [])],
    hasSlots: true,
    disk: virtio ? { driver: 'virtio-blk-pci' } : { driver: 'ide-hd', bus: 'ide.0' },
    discs: [{ driver: 'ide-cd', bus: 'ide.2' }, { driver: 'ide-cd', bus: 'ide.3' }],
    card: virtio ? { driver: 'virtio-net-pci', jumbo: true } : { driver: 'e1000e', jumbo: false },
    video: { driver: 'VGA', vgamem_mb: 64 },
    input: [{ driver: 'qemu-xhci', id: 'usb0' }, { driver: 'usb-tablet', id: 'tablet0', bus: 'usb0.0' }],
    isParavirtual: true,
  }
}
