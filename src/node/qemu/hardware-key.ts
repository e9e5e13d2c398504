import { createHash } from 'node:crypto'
import type { MachineSpec } from '../../engine/engine.ts'
import { warmKeyText } from '../../engine/qemu/warm-key.ts'
import type { QemuProbe } from './probe.ts'

/** `Engine.warmKey`, where QEMU has been probed already. */
export function hardwareKey(spec: MachineSpec, { features, accelerator, hostCpu }: QemuProbe): string {
  return createHash('sha256').update(warmKeyText(spec, features, accelerator.kind, hostCpu)).digest('hex')
}
