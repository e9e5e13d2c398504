import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readlinkSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { EngineFault, type MachineSpec } from '../../engine/engine.ts'

/** Room to leave for others when a guest's memory goes to /dev/shm. */
const reserveMiB = 256

/**
 * A name for a savable machine's memory file. In /dev/shm (memory, so nothing is written to the disk while the guest
 * runs) when it fits there twice: others start too, and a full /dev/shm kills a guest that writes to it. Else in
 * `cacheDirectory`. The file is unlinked as soon as QEMU has opened it, so that it goes with the process, however that
 * ends.
 */
export function ramFilePath(spec: MachineSpec, cacheDirectory: string): string {
  const name = `diptych-${spec.uuid.slice(0, 8)}-${randomBytes(4).toString('hex')}.ram`
  if (freeMiB('/dev/shm') >= 2 * spec.memoryMiB + reserveMiB) return join('/dev/shm', name)
  const directory = join(cacheDirectory, 'ram')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return join(directory, name)
}

/** What the kernel calls the memory of a machine that was started without a memory file of ours (memfd_create(2)). */
export const memfdPath = '/memfd:memory-backend-memfd'

/** The unlinked file as the running QEMU holds it: `/proc/PID/fd/N` can be opened and read like any path. */
export function openedRamFile(pid: number, path: string): string {
  const directory = `/proc/${pid}/fd`
  try {
    for (const descriptor of readdirSync(directory)) {
      const target = linkTarget(join(directory, descriptor))
      if (target === path || target === `${path} (deleted)`) return join(directory, descriptor)
    }
  } catch (cause) {
    throw new EngineFault('qemu', `The memory of process ${pid} cannot be read`, { cause })
  }
  throw new EngineFault('qemu', `Process ${pid} does not hold the memory file it was started with`)
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return '' // closed meanwhile
  }
}

function freeMiB(directory: string): number {
  try {
    const found = statfsSync(directory)
    return (found.bavail * found.bsize) / 1048576
  } catch {
    return 0 // not mounted here
  }
}
