import { MissingPrerequisite, reasonOf } from '../src/contract/refusal.ts'
import { LockHeld, takeLock } from '../src/node/file/lock.ts'
import { type Directories, ensurePrivateDirectory } from '../src/node/paths.ts'
import { HostBusy } from './host-types.ts'

/** Makes every directory, each private to its owner. Throws MissingPrerequisite naming the one that cannot be used. */
export function makeDirectories(directories: Directories): Directories {
  for (const path of Object.values(directories) as string[]) {
    try {
      ensurePrivateDirectory(path)
    } catch (error) {
      throw new MissingPrerequisite(path, `${path} cannot be used: ${reasonOf(error)}`, `make ${path} a folder you own, or set DIPTYCH_HOME to another`)
    }
  }
  return directories
}

/** Takes the data directory's lock; returns how to let go. Throws HostBusy or MissingPrerequisite. */
export function holdLock(directory: string): () => void {
  try {
    return takeLock(directory)
  } catch (error) {
    if (error instanceof LockHeld) throw new HostBusy(error.processId, directory)
    throw new MissingPrerequisite(directory, `${directory} cannot be locked: ${reasonOf(error)}`, `make ${directory} writable for you and its disk not full`)
  }
}
