import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { MissingPrerequisite } from '../../contract/refusal.ts'
import type { MachineSpec } from '../../engine/engine.ts'
import type { RunPaths } from '../../engine/qemu/command-line.ts'
import { copyFileAtomicSync } from '../file/atomic.ts'

type Pair = readonly [code: string, variables: string]

/** Where distributions put OVMF: Debian and Ubuntu, Fedora, Arch. */
const plain: readonly Pair[] = [
  ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_VARS_4M.fd'],
  ['/usr/share/OVMF/OVMF_CODE.fd', '/usr/share/OVMF/OVMF_VARS.fd'],
  ['/usr/share/edk2/ovmf/OVMF_CODE.fd', '/usr/share/edk2/ovmf/OVMF_VARS.fd'],
  ['/usr/share/edk2/x64/OVMF_CODE.4m.fd', '/usr/share/edk2/x64/OVMF_VARS.4m.fd'],
]

/** Built with system management mode; its variables hold Microsoft's keys, so that secure boot is on from the first start. */
const secure: readonly Pair[] = [
  ['/usr/share/OVMF/OVMF_CODE_4M.secboot.fd', '/usr/share/OVMF/OVMF_VARS_4M.ms.fd'],
  ['/usr/share/OVMF/OVMF_CODE.secboot.fd', '/usr/share/OVMF/OVMF_VARS.ms.fd'],
  ['/usr/share/edk2/ovmf/OVMF_CODE.secboot.fd', '/usr/share/edk2/ovmf/OVMF_VARS.secboot.fd'],
]

/**
 * The firmware files of a guest that boots by UEFI. Its variables are its own, beside its disk, made at its first start;
 * those of secure boot are others, so that turning it off and on again loses neither.
 */
export function firmwareFiles(spec: MachineSpec): RunPaths['firmware'] {
  if (spec.boot.kind !== 'disk' || spec.boot.firmware !== 'uefi') return null
  const isSecure = spec.secureBoot === true
  const found = (isSecure ? secure : plain).find((files) => files.every((path) => existsSync(path)))
  if (found === undefined) {
    throw new MissingPrerequisite('ovmf', `UEFI firmware ${isSecure ? 'with secure boot ' : ''}(OVMF) is not installed`, 'install it with: sudo apt-get install ovmf')
  }
  const variables = join(dirname(spec.diskPath), isSecure ? 'nvram-secure.fd' : 'nvram.fd')
  if (!existsSync(variables)) copyFileAtomicSync(found[1], variables)
  return { code: found[0], variables }
}
