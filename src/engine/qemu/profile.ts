import type { MachineSpec } from '../engine.ts'
import type { QemuFeatures } from './features.ts'
import type { Accelerator, Hardware } from './hardware.ts'
import { legacyHardware } from './profile-legacy.ts'
import { linuxModernHardware } from './profile-linux-modern.ts'
import { windowsModernHardware } from './profile-windows-modern.ts'

export function hardwareOf(spec: MachineSpec, features: QemuFeatures, accelerator: Accelerator): Hardware {
  switch (spec.profile) {
    case 'linux-modern':
      return linuxModernHardware(features, accelerator)
    case 'windows-modern':
      return windowsModernHardware(spec, features, accelerator)
    case 'legacy':
      return legacyHardware(features)
  }
}

/** Whether the machine has the balloon, and with it the means to give memory back. */
export function hasBalloon(spec: Pick<MachineSpec, 'profile' | 'balloon'>, features: QemuFeatures): boolean {
  return features.balloon && spec.balloon !== false && spec.profile !== 'legacy'
}
