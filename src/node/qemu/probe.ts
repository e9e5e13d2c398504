import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { accessSync, constants, mkdirSync, readFileSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineFault } from '../../engine/engine.ts'
import { chooseAccelerator, type KvmDevice } from '../../engine/qemu/accelerator.ts'
import { featureQuestions, parseFeatures, readFeatures, type QemuFeatures } from '../../engine/qemu/features.ts'
import { QmpSession } from '../../engine/qemu/qmp-session.ts'
import { writeFileAtomicSync } from '../file/atomic.ts'
import { byteStream } from './unix-stream.ts'

/** What this host's QEMU is and can do. */
export interface QemuProbe {
  readonly binary: string
  readonly features: QemuFeatures
  readonly accelerator: ReturnType<typeof chooseAccelerator>
  /** Model name of the host's processor. */
  readonly hostCpu: string
}

const installRemedy = 'apt-get install qemu-system-x86 qemu-utils'

/** The full path of a program on PATH; rejects with EngineFault and the package to install. */
export function findProgram(name: string, env: NodeJS.ProcessEnv): string {
  for (const directory of (env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, name)
    if (directory !== '' && isExecutable(path)) return path
  }
  throw new EngineFault('qemu', `${name} was not found on PATH`, { remedy: installRemedy })
}

/**
 * Asks the QEMU on PATH what it can do (about 0.1 s), once per binary: the answer is kept in `cacheDirectory` under
 * the binary's path, size and modification time.
 */
export async function probeQemu(cacheDirectory: string, env: NodeJS.ProcessEnv): Promise<QemuProbe> {
  const binary = findProgram('qemu-system-x86_64', env)
  const cpuInfo = readFileSync('/proc/cpuinfo', 'utf8')
  const accelerator = chooseAccelerator(cpuInfo, kvmDevice())
  const hostCpu = /^model name\s*:\s*(.*)$/m.exec(cpuInfo)?.[1] ?? 'unknown'
  const found = statSync(binary)
  const key = createHash('sha256').update(`${binary}\n${found.size}\n${found.mtimeMs}\n${questionsId}`).digest('hex').slice(0, 16)
  const path = join(cacheDirectory, 'qemu', `${key}.json`)
  const known = readKnown(path)
  if (known !== null) return { binary, features: known, accelerator, hostCpu }
  const features = await askFeatures(binary)
  mkdirSync(join(cacheDirectory, 'qemu'), { recursive: true, mode: 0o700 })
  writeFileAtomicSync(path, JSON.stringify(features), { durable: false })
  return { binary, features, accelerator, hostCpu }
}

/** Changes when the questions or their reading do, so that an older answer is asked anew. */
const questionsId = createHash('sha256').update(JSON.stringify(featureQuestions)).update(readFeatures.toString()).digest('hex')

async function askFeatures(binary: string): Promise<QemuFeatures> {
  const child = spawn(binary, ['-machine', 'none', '-nodefaults', '-display', 'none', '-qmp', 'stdio'], { stdio: ['pipe', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4000)))
  const failed = new Promise<never>((_, reject) => child.once('error', reject))
  const closed = once(child, 'close').catch(() => undefined) // an error is told through `failed`
  const session = new QmpSession(byteStream(Duplex.from({ readable: child.stdout, writable: child.stdin })))
  try {
    const answers = featureQuestions.map(({ command, parameters }) => session.execute(command, parameters, 20_000))
    const settled = await Promise.race([Promise.all(answers.map((answer) => answer.catch(() => null))), failed])
    if (settled[0] === null || settled[2] === null) {
      await Promise.race([closed, sleep(2_000, undefined, { ref: false })]) // its last words
      throw new EngineFault('qemu', `${binary} does not answer over QMP: ${stderr.trim() || 'no output'}`, { remedy: installRemedy })
    }
    return readFeatures(settled)
  } finally {
    await session.execute('quit', undefined, 2_000).catch(() => undefined) // it may be gone already
    session.close()
    child.kill('SIGKILL')
  }
}

function readKnown(path: string): QemuFeatures | null {
  try {
    return parseFeatures(readFileSync(path, 'utf8'))
  } catch {
    return null // not asked yet
  }
}

function kvmDevice(): KvmDevice {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    return { usable: true }
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    return { usable: false, reason: missing ? '/dev/kvm is missing; load the kvm module.' : '/dev/kvm may not be opened by this user; add the user to the group kvm and log in again.' }
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false // not there, or not ours to run
  }
}
