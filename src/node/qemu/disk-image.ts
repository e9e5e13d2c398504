import { rmSync } from 'node:fs'
import { z } from 'zod'
import { Fault, MissingPrerequisite, reasonOf } from '../../contract/refusal.ts'
import { type ProgramResult, runProgram } from '../process/run-program.ts'

/** What `qemu-img info` says of a disk; sizes in bytes. */
export interface DiskInfo {
  readonly virtualBytes: number
  readonly usedBytes: number
  /** The file it is a copy on write of, as the disk names it; null for one that stands alone. */
  readonly backing: string | null
}

const Info = z.object({ 'virtual-size': z.number(), 'actual-size': z.number(), 'backing-filename': z.string().optional() })

/** Makes an empty qcow2 disk, which takes room only as it fills. Leaves nothing behind when it fails. */
export async function makeEmptyDisk(path: string, sizeMiB: number, signal?: AbortSignal): Promise<void> {
  try {
    await qemuImg(['create', '-q', '-f', 'qcow2', path, `${sizeMiB}M`], 'the disk could not be made', signal)
  } catch (error) {
    rmSync(path, { force: true })
    throw error
  }
}

/** Reads a qcow2's header; also while a machine uses it. */
export async function readDiskInfo(path: string): Promise<DiskInfo> {
  const { stdout } = await qemuImg(['info', '-U', '-f', 'qcow2', '--output=json', path], `${path} cannot be read`)
  const info = Info.parse(JSON.parse(stdout))
  return { virtualBytes: info['virtual-size'], usedBytes: info['actual-size'], backing: info['backing-filename'] ?? null }
}

/** Makes a disk that no machine uses larger; qemu-img refuses one that is in use. */
export async function growDisk(path: string, sizeMiB: number): Promise<void> {
  await qemuImg(['resize', '-q', '-f', 'qcow2', path, `${sizeMiB}M`], 'the disk could not be made larger')
}

/** Writes another name for the very same backing file into a disk's header; changes no data. */
export async function renameBacking(path: string, backing: string): Promise<void> {
  await qemuImg(['rebase', '-q', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', backing, path], `${path} could not be told where its base is`)
}

async function qemuImg(args: readonly string[], failure: string, signal?: AbortSignal): Promise<ProgramResult> {
  const result = await runProgram('qemu-img', args, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new MissingPrerequisite('qemu-img', 'qemu-img is not installed', 'install it with: sudo apt-get install qemu-utils')
    throw signal?.aborted === true ? (signal.reason as Error) : new Fault('disk', `${failure}: ${reasonOf(error)}`)
  })
  if (result.exitCode === 0) return result
  throw new Fault('disk', `${failure}: ${result.stderr.trim().split('\n').at(-1) ?? ''}`, { remedy: 'check free space and permissions of the data directory' })
}
