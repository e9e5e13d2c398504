import type { Capability, EngineDescription } from '../engine.ts'
import type { QemuFeatures } from './features.ts'

/** What this host's QEMU can be asked for, each `true` or the reason why not. */
export function describeEngine(features: QemuFeatures, accelerator: EngineDescription['accelerator'], cpuCap: EngineDescription['cpuCap']): EngineDescription {
  const lacks = (what: string) => `QEMU ${features.version} ${what}`
  const capabilities: Record<Capability, true | string> = {
    warmStart: features.ignoreShared || lacks('cannot save a machine without its memory (x-ignore-shared, QEMU 4.0).'),
    balloon: features.balloon || lacks('has no memory balloon (virtio-balloon-pci).'),
    memoryGrowth: features.virtioMem || lacks('cannot add memory to a running machine (virtio-mem-pci, QEMU 5.1).'),
    freePageReporting: features.freePageReporting || lacks('has no free page reporting (QEMU 5.1).'),
    netReconnect: features.netReconnect !== null || lacks('does not reconnect to a restarted switch by itself (QEMU 9.2): Diptych does it.'),
    clipboard: features.clipboard || lacks('has no clipboard (qemu-vdagent, QEMU 6.1).'),
    screenshotPng: features.screenshotPng || lacks('writes screenshots as PPM; Diptych converts them.'),
  }
  return { version: features.version, accelerator, cpuCap, capabilities }
}
