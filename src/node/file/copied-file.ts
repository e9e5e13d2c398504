import { constants } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Fault, Refusal, reasonOf } from '../../contract/refusal.ts'
import type { FileSink, FileSource } from '../../guest/file-copy.ts'
import { demandRoom } from '../image/free-space.ts'

/** Opens a plain file to be copied. `name` is what it is called where it came from, when `path` does not say. */
export async function openSource(path: string, name = basename(path)): Promise<FileSource & { close(): Promise<void> }> {
  // Not blocking: a named pipe in its place would hold the open until somebody writes to it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw new Refusal('unsupported', path, `it cannot be read: ${reasonOf(error)}`)
  })
  const state = await file.stat()
  if (!state.isFile()) {
    await file.close()
    throw new Refusal('unsupported', path, state.isDirectory() ? 'it is a folder' : 'it is no plain file', 'copy files one by one, or pack them first: tar czf folder.tgz …')
  }
  return {
    name: plainName(name),
    size: state.size,
    mode: state.mode,
    read: async (maximumBytes) => {
      const { bytesRead, buffer } = await file.read(new Uint8Array(maximumBytes), 0, maximumBytes)
      return buffer.subarray(0, bytesRead)
    },
    close: () => file.close(),
  }
}

/** Makes `path`, which nobody else may read before it is whole, to be filled with what is going to be `target`. */
export async function openSink(path: string, target: string): Promise<FileSink & { close(mode: number | null): Promise<void> }> {
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    throw new Fault('disk', `${target} cannot be written: ${reasonOf(error)}`, { cause: error, remedy: 'Choose a folder that exists and that you can write to.' })
  })
  return {
    reserve: (bytes) => demandRoom(dirname(path), bytes, basename(target)),
    write: async (bytes) => {
      await file.writeFile(bytes)
    },
    close: async (mode) => {
      // Never more than permissions: a guest does not make programs here that run as somebody else.
      if (mode !== null) await file.chmod(mode & 0o777)
      await file.close()
    },
  }
}

/** Where a copy of the guest's `from` goes: `to`, or into it when it is a folder. Refuses what may not be overwritten. */
export async function copyTarget(to: string, from: string, overwrite: boolean): Promise<string> {
  const folder = to.endsWith('/') || (await stat(to).catch(() => null))?.isDirectory() === true
  const target = folder ? join(to, plainName(from)) : to
  const there = await stat(target).catch(() => null)
  if (there !== null && !there.isFile()) throw new Refusal('already-exists', target, 'it is a folder or a device', 'name a file')
  if (there !== null && !overwrite) throw new Refusal('already-exists', target, 'it would be overwritten', 'choose another name, or say that it may be overwritten (--force)')
  return target
}

/** The last part of a path, Unix or Windows, as the name of a file. */
export function plainName(path: string): string {
  const name = path.split(/[\\/]/).findLast((part) => part !== '') ?? ''
  if (name === '' || name === '.' || name === '..' || name.includes('\0')) throw new Refusal('unsupported', path, 'it names no file')
  return name
}
