import { copyFileSync, existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { EngineFault, type MachineSpec } from '../../engine/engine.ts'
import type { RunPaths } from '../../engine/qemu/command-line.ts'

/** Where distributions put OVMF: Debian and Ubuntu, Fedora, Arch. */
const candidates: readonly (readonly [code: string, variables: string])[] = [
  ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_VARS_4M.fd'],
  ['/usr/share/OVMF/OVMF_CODE.fd', '/usr/share/OVMF/OVMF_VARS.fd'],
  ['/usr/share/edk2/ovmf/OVMF_CODE.fd', '/usr/share/edk2/ovmf/OVMF_VARS.fd'],
  ['/usr/share/edk2/x64/OVMF_CODE.4m.fd', '/usr/share/edk2/x64/OVMF_VARS.4m.fd'],
]

/** The firmware files of a guest that boots by UEFI; its variables are its own, `nvram.fd` beside its disk. */
export function firmwareFiles(spec: MachineSpec): RunPaths['firmware'] {
  if (spec.boot.kind !== 'disk' || spec.boot.firmware !== 'uefi') return null
  const found = candidates.find((files) => files.every((path) => existsSync(path)))
  if (found === undefined) throw new EngineFault('qemu', 'UEFI firmware (OVMF) is not installed', { remedy: 'apt-get install ovmf' })
  const variables = join(dirname(spec.diskPath), 'nvram.fd')
  if (!existsSync(variables)) copyFileSync(found[1], variables)
  return { code: found[0], variables }
}
