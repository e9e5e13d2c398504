import { constants } from 'node:fs'
import { chmod, copyFile, rm } from 'node:fs/promises'
import { makeRoom } from '../../contract/disk-full.ts'
import { EngineFault } from '../../engine/engine.ts'
import { runProgram } from '../process/run-program.ts'

/** What is copied here is a guest's memory or disk. */
const ownerOnly = 0o600

/**
 * Copies a file so that zeros take no room: as a reflink where the file system can (btrfs, XFS: immediate), else with
 * coreutils' cp, which skips holes and leaves out blocks of zeros (about 1 GB/s here). `background` runs it at the
 * lowest priority. Rejects with EngineFault and leaves no half copy.
 */
export async function copySparsely(from: string, to: string, options: { background: boolean; signal?: AbortSignal }): Promise<'reflink' | 'copy'> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL)
    await chmod(to, ownerOnly)
    return 'reflink'
  } catch {
    await rm(to, { force: true }) // this file system (or pair of them) has no reflinks
  }
  const result = await runProgram('cp', ['--sparse=always', '--reflink=never', '--no-preserve=all', '--', from, to], options)
  if (result.exitCode === 0) {
    await chmod(to, ownerOnly)
    return 'copy'
  }
  await rm(to, { force: true })
  throw new EngineFault('disk', `${to} could not be written: ${result.stderr.trim() || `cp ended with ${result.exitCode}`}`, { remedy: makeRoom })
}
