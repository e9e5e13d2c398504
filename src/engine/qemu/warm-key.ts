import type { EngineDescription, MachineSpec } from '../engine.ts'
import { commandLine, type RunPaths } from './command-line.ts'
import type { QemuFeatures } from './features.ts'

/** Stand-ins for what may differ between two runs of the same machine. */
const placeholders: RunPaths = {
  qmp: 'qmp',
  agent: 'agent',
  screen: 'screen',
  serial: 'serial',
  pid: 'pid',
  ram: { kind: 'file', path: 'ram', share: true },
  firmware: null,
  incoming: false,
}

/**
 * The text whose sha256 is the warm key: a saved state starts only where QEMU's version, the accelerator, the CPU and
 * every device are the same, and makes sense only for the same image, addresses and parameters. Paths do not count.
 * Under KVM `-cpu host` is the host's own processor, so its model name counts too.
 */
export function warmKeyText(spec: MachineSpec, features: QemuFeatures, accelerator: EngineDescription['accelerator']['kind'], hostCpu: string): string {
  const boot: MachineSpec['boot'] = spec.boot.kind === 'kernel' ? { ...spec.boot, kernelPath: 'kernel', initrdPath: 'initrd' } : spec.boot
  const nics = spec.nics.map((nic) => (nic.kind === 'switch' ? { ...nic, socketPath: 'switch' } : nic))
  const normal: MachineSpec = { ...spec, boot, nics, uuid: 'uuid', diskPath: 'disk', parameters: sorted(spec.parameters) }
  return JSON.stringify({
    form: 1,
    version: `${features.version} ${features.build}`,
    cpu: accelerator === 'kvm' ? hostCpu : 'emulated',
    image: spec.imageId,
    boot,
    commandLine: commandLine(normal, placeholders, features, accelerator),
  })
}

function sorted(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)))
}
