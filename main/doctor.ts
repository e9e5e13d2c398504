import { execFile } from 'node:child_process'
import { accessSync, constants, statfsSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Check } from '../src/contract/host.ts'
import { MissingPrerequisite, reasonOf } from '../src/contract/refusal.ts'
import type { EngineDescription } from '../src/engine/engine.ts'
import type { UnusableGuest } from '../src/node/guest-store.ts'
import type { Directories } from '../src/node/paths.ts'

const run = promisify(execFile)

/** Programs without which nothing starts, and the Debian package of each. */
const programs = [
  { name: 'qemu-system-x86_64', debian: 'qemu-system-x86' },
  { name: 'qemu-img', debian: 'qemu-utils' },
]

/** Throws MissingPrerequisite naming the first missing program and how to install it. */
export async function demandPrograms(): Promise<string> {
  for (const program of programs) {
    await run(program.name, ['--version']).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return // it exists and complains; its start will say how
      throw new MissingPrerequisite(program.name, `${program.name} is not installed`, `install it with: sudo apt-get install ${program.debian}`)
    })
  }
  return 'all there'
}

export interface DoctorInput {
  readonly directories: Directories
  readonly engine: EngineDescription | null
  readonly engineFault: string | null
  readonly unusable: readonly UnusableGuest[]
  readonly network: { running: boolean; reason: string | null }
}

/** Looks, changes nothing. Order: what everything else needs first. */
export async function examine(input: DoctorInput): Promise<Check[]> {
  const checks: Check[] = []
  const add = (id: string, title: string, status: Check['status'], detail: string, remedy: string | null = null) => checks.push({ id, title, status, detail, remedy })
  const version = process.versions.node
  const old = Number(version.split('.')[0]) < 20
  add('node', 'Node.js', old ? 'failure' : 'ok', version, old ? 'install Node.js 20 or newer' : null)
  try {
    await demandPrograms()
    add('qemu', 'QEMU', input.engineFault === null ? 'ok' : 'failure', input.engine?.version ?? input.engineFault ?? 'not asked', null)
  } catch (error) {
    add('qemu', 'QEMU', 'failure', reasonOf(error), error instanceof MissingPrerequisite ? error.remedy : null)
  }
  if (input.engine !== null) {
    const { accelerator, cpuCap, capabilities } = input.engine
    add('accelerator', 'Accelerator', accelerator.kind === 'kvm' ? 'ok' : 'warning', `${accelerator.kind}: ${accelerator.reason}`, accelerator.kind === 'kvm' ? null : 'guests run 10 to 20 times slower; enable virtualization in the firmware and join the group kvm')
    add('cpu-cap', 'CPU cap', cpuCap.available ? 'ok' : 'warning', cpuCap.reason, cpuCap.available ? null : 'delegate the cpu controller to your user session (systemd: Delegate=yes)')
    for (const [name, answer] of Object.entries(capabilities)) if (answer !== true) add(`capability-${name}`, name, 'warning', answer)
  }
  for (const [name, path] of Object.entries(input.directories)) {
    try {
      accessSync(path, constants.R_OK | constants.W_OK)
      const { bavail, bsize } = statfsSync(path)
      const freeGiB = (bavail * bsize) / 1024 ** 3
      add(`directory-${name}`, `Folder: ${name}`, freeGiB < 2 ? 'warning' : 'ok', `${path}, ${freeGiB.toFixed(1)} GiB free`, freeGiB < 2 ? 'free some space' : null)
    } catch (error) {
      add(`directory-${name}`, `Folder: ${name}`, 'failure', reasonOf(error), `make ${path} readable and writable for you`)
    }
  }
  add('network', 'Private network', 'ok', input.network.running ? 'running' : (input.network.reason ?? 'not running'))
  for (const guest of input.unusable) add(`guest-${guest.name}`, `Guest ${guest.name}`, 'failure', guest.reason, `correct ${guest.path}; it has been left as it is`)
  return checks
}
