import { setTimeout as sleep } from 'node:timers/promises'
import { isDiskFull, makeRoom } from '../../contract/disk-full.ts'
import { EngineFault } from '../../engine/engine.ts'
import { asArray, asObject, asString, parseJson } from '../../engine/qemu/json.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'
import { runProgram } from '../process/run-program.ts'

/**
 * Internal snapshots of a guest's qcow2: a name for the disk as it is at an instant. Clusters are shared until one side
 * writes; deleting gives back, to the file system too, what nothing else holds. In a running QEMU over QMP
 * (qapi/block.json, blockdev-snapshot-internal-sync), else with qemu-img.
 */
const device = 'disk0'
const slowMs = 600_000

export async function takeDiskSnapshot(qmp: QmpSession, name: string): Promise<void> {
  await qmp.execute('blockdev-snapshot-internal-sync', { device, name }, slowMs)
}

export async function deleteDiskSnapshot(qmp: QmpSession, name: string): Promise<void> {
  await qmp.execute('blockdev-snapshot-delete-internal-sync', { device, name }, slowMs)
}

/** Of a disk that no QEMU has open. */
export const idleDisk = {
  /** The names of its internal snapshots; `-U`: also while a QEMU has it open. */
  list: async (path: string): Promise<string[]> => {
    const info = asObject(parseJson(await qemuImg(path, ['info', '-U', '--output=json', path])))
    return asArray(info['snapshots']).map((snapshot) => asString(asObject(snapshot)['name']) ?? '')
  },
  take: async (path: string, name: string): Promise<void> => void (await qemuImg(path, ['snapshot', '-q', '-c', name, path])),
  delete: async (path: string, name: string): Promise<void> => void (await qemuImg(path, ['snapshot', '-q', '-d', name, path])),
  /** Puts the disk back; what it held is lost unless another snapshot has it. Doing it again changes nothing. */
  apply: async (path: string, name: string): Promise<void> => void (await qemuImg(path, ['snapshot', '-q', '-a', name, path])),
}

/** A qemu-img that a killed host left running ends by itself; its lock is waited for. */
const lockPatienceMs = 30_000

async function qemuImg(path: string, args: readonly string[]): Promise<string> {
  const deadline = performance.now() + lockPatienceMs
  for (;;) {
    const result = await runProgram('qemu-img', args)
    if (result.exitCode === 0) return result.stdout
    const reason = result.stderr.trim().replace(/^qemu-img: /, '')
    if (/lock/.test(reason) && performance.now() < deadline) await sleep(200)
    else throw new EngineFault('disk', `${path}: ${reason === '' ? `qemu-img ended with ${result.exitCode}` : reason}`, { remedy: remedyOf(reason) })
  }
}

function remedyOf(reason: string): string {
  if (isDiskFull(reason)) return makeRoom
  if (/lock/.test(reason)) return 'Another program has the disk open; end it, then try again.'
  return 'Look at the disk with: qemu-img check'
}
