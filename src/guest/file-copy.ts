import { Refusal, reasonOf } from '../contract/refusal.ts'
import type { GuestAgent, GuestFile } from '../engine/agent.ts'
import { EngineFault } from '../engine/engine.ts'
import { unlessAborted } from '../engine/unless-aborted.ts'
import { guestShell, type GuestShell } from './guest-shell.ts'

/** A running SHA-256. */
export interface Checksum {
  update(bytes: Uint8Array): void
  /** Lower-case hexadecimal. */
  digest(): string
}

/** A file of this computer that is to be read. */
export interface FileSource {
  readonly name: string
  readonly size: number
  readonly mode: number
  read(maximumBytes: number): Promise<Uint8Array>
}

/** A file of this computer that is being made. */
export interface FileSink {
  /** Rejects when there is no room for so many bytes. */
  reserve(bytes: number): Promise<void>
  write(bytes: Uint8Array): Promise<void>
}

export interface CopyPorts {
  readonly agent: GuestAgent
  /** For refusals: the guest's name. */
  readonly guest: string
  checksum(): Checksum
  /** Told after each block. */
  progressed(detail: string, done: number, total: number): void
  readonly signal: AbortSignal
}

export interface Copied {
  readonly bytes: number
  readonly sha256: string
}

/** One question to the agent a block: large enough that its way there and back does not count, small enough to cancel. */
export const blockBytes = 192 * 1024
/** What a file may hold that says it is empty, such as those of /proc. */
const mostOfUnknownSize = 16 << 20

/**
 * Copies a file into the guest through its agent: into a file beside the target that only the agent's user may read,
 * compared by checksum, then renamed over. Nothing of it is left when it fails or is cancelled, as far as the guest lets
 * us. `to` may be a folder. Refuses `already-exists` unless `overwrite`.
 */
export async function copyIn(source: FileSource, to: string, overwrite: boolean, ports: CopyPorts): Promise<Copied & { readonly path: string }> {
  const { agent, guest, signal } = ports
  const shell = guestShell(agent, (await agent.osInfo()).family)
  const target = await targetIn(shell, guest, to, source.name, overwrite)
  const part = `${target}.${randomName()}.part`
  await shell.makePrivate(part)
  try {
    const checksum = ports.checksum()
    let done = 0
    await withFile(agent, part, 'write', async (file) => {
      for (;;) {
        signal.throwIfAborted()
        const block = await source.read(blockBytes)
        if (block.length === 0) break
        await file.write(block)
        checksum.update(block)
        done += block.length
        ports.progressed('copying', done, source.size)
      }
    })
    const sha256 = checksum.digest()
    await compare(shell, part, sha256, done, ports)
    signal.throwIfAborted()
    if ((await shell.move(part, target, { overwrite, mode: source.mode & 0o777 })) === 'exists') throw existing(guest, target)
    return { path: target, bytes: done, sha256 }
  } catch (error) {
    await shell.remove(part).catch((reason: unknown) => {
      throw new EngineFault('agent', `${reasonOf(error)}; and what was copied so far could not be removed from ${part} in the guest: ${reasonOf(reason)}`, { cause: error })
    })
    throw error
  }
}

/**
 * Copies a file out of the guest. The guest says how large it is, and is held to that: an agent that goes on answering is
 * cut off, and one that promises more than there is room for is not even asked.
 */
export async function copyOut(from: string, sink: FileSink, ports: CopyPorts): Promise<Copied & { readonly mode: number | null }> {
  const { agent, guest, signal } = ports
  const shell = guestShell(agent, (await agent.osInfo()).family)
  if (!shell.isAbsolute(from)) throw notAbsolute(guest, from)
  const state = await shell.look(from)
  if (state.kind === 'none') throw new Refusal('unsupported', guest, `it has no file ${from}`)
  if (state.kind === 'directory') throw new Refusal('unsupported', guest, `${from} is a folder`, 'copy the files in it one by one, or pack it there first: tar czf /tmp/folder.tgz …')
  if (state.kind === 'other') throw new Refusal('unsupported', guest, `${from} is no plain file`)
  const checksum = ports.checksum()
  const done = await withFile(agent, from, 'read', async (file) => {
    const size = await file.size()
    await sink.reserve(size)
    let read = 0
    for (;;) {
      signal.throwIfAborted()
      const block = await file.read(blockBytes)
      if (block.length === 0) break
      read += block.length
      if (read > (size === 0 ? mostOfUnknownSize : size)) throw new EngineFault('agent', `${from} in ${guest} grew while it was copied`, { remedy: 'Copy it again when nothing writes to it.' })
      checksum.update(block)
      await sink.write(block)
      ports.progressed('copying', read, size)
    }
    if (read < size) throw new EngineFault('agent', `${from} in ${guest} ended after ${read} of ${size} bytes`, { remedy: 'Copy it again when nothing writes to it.' })
    return read
  })
  const sha256 = checksum.digest()
  if (done > 0) await compare(shell, from, sha256, done, ports)
  signal.throwIfAborted()
  return { bytes: done, sha256, mode: state.mode }
}

async function targetIn(shell: GuestShell, guest: string, to: string, name: string, overwrite: boolean): Promise<string> {
  if (!shell.isAbsolute(to)) throw notAbsolute(guest, to)
  const state = await shell.look(to)
  if (state.kind === 'directory') {
    const inside = shell.join(to, name)
    if ((await shell.look(inside)).kind === 'directory') throw new Refusal('unsupported', guest, `${inside} is a folder`)
    return targetIn(shell, guest, inside, name, overwrite)
  }
  if (/[\\/]$/.test(to)) throw new Refusal('unsupported', guest, `it has no folder ${to}`)
  if (state.kind === 'other' || (state.kind === 'file' && !overwrite)) throw existing(guest, to)
  return to
}

/** By the guest's own tool, else by reading the file back. */
async function compare(shell: GuestShell, path: string, expected: string, bytes: number, ports: CopyPorts): Promise<void> {
  ports.progressed('comparing', bytes, bytes)
  const said = await unlessAborted(shell.sha256(path).catch(() => null), ports.signal)
  if ((said ?? (await readBack(path, bytes, ports))) === expected) return
  throw new EngineFault('agent', `${path} in ${ports.guest} is not what was copied: the checksums differ`, { remedy: 'Copy it again when nothing writes to it.' })
}

async function readBack(path: string, bytes: number, { agent, checksum, signal }: CopyPorts): Promise<string> {
  const own = checksum()
  await withFile(agent, path, 'read', async (file) => {
    for (let read = 0; read <= bytes; ) {
      signal.throwIfAborted()
      const block = await file.read(blockBytes)
      if (block.length === 0) return
      own.update(block)
      read += block.length
    }
  })
  return own.digest()
}

async function withFile<T>(agent: GuestAgent, path: string, mode: 'read' | 'write', work: (file: GuestFile) => Promise<T>): Promise<T> {
  const file = await agent.openFile(path, mode)
  let result: T
  try {
    result = await work(file)
  } catch (error) {
    await file.close().catch(() => undefined) // why the work failed says more
    throw error
  }
  await file.close()
  return result
}

function existing(guest: string, path: string): Refusal {
  return new Refusal('already-exists', `${path} in ${guest}`, 'it would be overwritten', 'choose another name, or say that it may be overwritten (--force)')
}

function notAbsolute(guest: string, path: string): Refusal {
  return new Refusal('unsupported', guest, `"${path}" is no full path in it`, 'name it from the top: /home/me/file, or C:\\Users\\me\\file')
}

function randomName(): string {
  return Math.floor(Math.random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0')
}
