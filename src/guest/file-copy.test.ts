import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { localAgent } from '../../test/fake/local-agent.ts'
import type { GuestAgent, GuestFile } from '../engine/agent.ts'
import { blockBytes, type CopyPorts, copyIn, copyOut, type FileSink, type FileSource } from './file-copy.ts'

let guest = ''
beforeEach(() => {
  guest = mkdtempSync(join(tmpdir(), 'diptych-copy-'))
})
afterEach(() => rmSync(guest, { recursive: true }))

const content = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 31) % 251)
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

function source(bytes: Uint8Array, mode = 0o640): FileSource {
  let at = 0
  return {
    name: 'notes.txt',
    size: bytes.length,
    mode,
    read: async (maximumBytes) => {
      const block = bytes.subarray(at, at + maximumBytes)
      at += block.length
      return block
    },
  }
}

function sink(room = Infinity): FileSink & { readonly bytes: () => Uint8Array } {
  const blocks: Uint8Array[] = []
  return {
    reserve: async (bytes) => {
      if (bytes > room) throw new Error('no room')
    },
    write: async (bytes) => void blocks.push(bytes.slice()),
    bytes: () => Buffer.concat(blocks),
  }
}

function ports(changes: Partial<GuestAgent> = {}, signal = new AbortController().signal): CopyPorts & { readonly told: [string, number, number][] } {
  const told: [string, number, number][] = []
  const checksum = () => {
    const hash = createHash('sha256')
    return { update: (bytes: Uint8Array) => void hash.update(bytes), digest: () => hash.digest('hex') }
  }
  return { agent: localAgent(changes), guest: 'linux', checksum, signal, told, progressed: (detail, done, total) => void told.push([detail, done, total]) }
}

/** An agent whose open files do something else than files do. */
const withFile = (changes: (file: GuestFile) => Partial<GuestFile>): Partial<GuestAgent> => ({
  openFile: async (path, mode) => {
    const file = await localAgent().openFile(path, mode)
    return { size: file.size, read: file.read, write: file.write, close: file.close, ...changes(file) }
  },
})

describe('a copy into a guest', () => {
  it('has the same bytes and mode, whatever the path and size', async () => {
    for (const [name, length] of [
      ['plain', 0],
      ["it's $(odd) -n 'name'", 1],
      ['-rf', blockBytes],
      ['large', blockBytes * 3 + 7],
    ] as const) {
      const to = join(guest, name)
      const bytes = content(length)
      expect(await copyIn(source(bytes), to, false, ports())).toEqual({ path: to, bytes: length, sha256: sha256(bytes) })
      expect([readFileSync(to).equals(bytes), statSync(to).mode & 0o7777]).toEqual([true, 0o640])
    }
  })

  it('goes into a folder under its own name, and tells how far it is', async () => {
    const told = ports()
    expect((await copyIn(source(content(400_000)), guest, false, told)).path).toBe(join(guest, 'notes.txt'))
    expect(told.told).toEqual([['copying', 196_608, 400_000], ['copying', 393_216, 400_000], ['copying', 400_000, 400_000], ['comparing', 400_000, 400_000]])
    await expect(copyIn(source(content(1)), join(guest, 'none/'), false, ports())).rejects.toThrow('has no folder')
  })

  it('overwrites only when asked', async () => {
    const to = join(guest, 'there')
    writeFileSync(to, 'before')
    symlinkSync('nowhere', join(guest, 'dangling'))
    for (const path of [to, join(guest, 'dangling')]) await expect(copyIn(source(content(9)), path, false, ports())).rejects.toMatchObject({ code: 'already-exists' })
    expect(readFileSync(to, 'utf8')).toBe('before')
    await copyIn(source(content(9)), to, true, ports())
    expect(readFileSync(to)).toHaveLength(9)
    expect(readdirSync(guest).sort()).toEqual(['dangling', 'there'])
  })

  it('does not overwrite what came to be while it was copied', async () => {
    const to = join(guest, 'file')
    const late = withFile((file) => ({
      close: async () => {
        writeFileSync(to, 'somebody else’s')
        await file.close()
      },
    }))
    await expect(copyIn(source(content(9)), to, false, ports(late))).rejects.toMatchObject({ code: 'already-exists' })
    expect([readFileSync(to, 'utf8'), readdirSync(guest)]).toEqual(['somebody else’s', ['file']])
  })

  it('is read by nobody else before it is whole', async () => {
    const modes: number[] = []
    const watch = withFile((file) => ({
      write: async (bytes) => {
        for (const name of readdirSync(guest)) modes.push(statSync(join(guest, name)).mode & 0o777)
        await file.write(bytes)
      },
    }))
    await copyIn(source(content(9), 0o644), join(guest, 'secret'), false, ports(watch))
    expect(modes).toEqual([0o600])
  })

  it('leaves nothing when it is cancelled, and when the guest’s disk fails', async () => {
    const abort = new AbortController()
    const cancelling = withFile((file) => ({
      write: async (bytes) => {
        await file.write(bytes)
        abort.abort(new Error('cancelled'))
      },
    }))
    await expect(copyIn(source(content(2 * blockBytes)), join(guest, 'a'), false, ports(cancelling, abort.signal))).rejects.toThrow('cancelled')
    await expect(copyIn(source(content(9)), join(guest, 'a'), false, ports(withFile(() => ({ write: () => Promise.reject(new Error('disk full')) }))))).rejects.toThrow('disk full')
    expect(readdirSync(guest)).toEqual([])
  })

  it('can be cancelled while the guest reckons its checksum, however long that takes', async () => {
    const stop = new AbortController()
    const agent = localAgent()
    const never: Partial<GuestAgent> = { exec: (path, args, timeoutMs) => (args.some((arg) => arg.includes('sha256sum')) ? new Promise(() => undefined) : agent.exec(path, args, timeoutMs)) }
    const cancelled = { ...ports(never, stop.signal), progressed: (detail: string) => void (detail === 'comparing' && setTimeout(() => stop.abort(new Error('cancelled')), 5)) }
    await expect(copyIn(source(content(9)), join(guest, 'file'), false, cancelled)).rejects.toThrow('cancelled')
    expect(readdirSync(guest)).toEqual([])
  })

  it('is found out when the guest holds something else, with or without a tool for checksums', async () => {
    const spoiling = withFile((file) => ({ write: (bytes) => file.write(bytes.map((byte) => byte ^ 1)) }))
    const toolless: Partial<GuestAgent> = {
      exec: (path, args, timeoutMs) => (args[1]?.includes('sha256sum') === true ? Promise.resolve({ exitCode: 127, stdout: '', stderr: 'not found' }) : localAgent().exec(path, args, timeoutMs)),
    }
    for (const tools of [{}, toolless]) {
      await expect(copyIn(source(content(9)), join(guest, 'a'), false, ports({ ...spoiling, ...tools }))).rejects.toThrow('checksums differ')
      expect(readdirSync(guest)).not.toContain('a')
      await copyIn(source(content(9)), join(guest, 'b'), true, ports(tools))
    }
  })

  it('wants a full path', async () => {
    await expect(copyIn(source(content(1)), 'notes.txt', false, ports())).rejects.toThrow('is no full path')
  })
})

describe('a copy out of a guest', () => {
  it('has the same bytes and tells the mode, without the bits that give rights', async () => {
    for (const length of [0, 1, blockBytes * 2 + 1]) {
      const path = join(guest, "it's")
      writeFileSync(path, content(length))
      chmodSync(path, 0o4755)
      const to = sink()
      expect(await copyOut(path, to, ports())).toEqual({ bytes: length, sha256: sha256(content(length)), mode: 0o755 })
      expect([...to.bytes()]).toEqual([...content(length)])
    }
  })

  it('takes files that say they are empty, such as those of /proc', async () => {
    const to = sink()
    await copyOut('/proc/version', to, ports())
    expect(to.bytes().toString()).toContain('Linux')
  })

  it('refuses folders and what is not there', async () => {
    mkdirSync(join(guest, 'folder'))
    await expect(copyOut(join(guest, 'folder'), sink(), ports())).rejects.toThrow('is a folder')
    await expect(copyOut('/dev/zero', sink(), ports())).rejects.toThrow('is no plain file')
    await expect(copyOut(join(guest, 'none'), sink(), ports())).rejects.toThrow('has no file')
    await expect(copyOut('relative', sink(), ports())).rejects.toThrow('is no full path')
  })

  it('is bounded, however much a hostile agent says', async () => {
    const path = join(guest, 'a')
    writeFileSync(path, content(10))
    const endless = (size: number) => withFile(() => ({ size: async () => size, read: async (maximumBytes) => new Uint8Array(maximumBytes) }))
    const taken = sink()
    await expect(copyOut(path, taken, ports(endless(1_000_000)))).rejects.toThrow('grew while it was copied')
    expect(taken.bytes().length).toBeLessThanOrEqual(1_000_000)
    const small = sink()
    await expect(copyOut(path, small, ports(endless(0)))).rejects.toThrow('grew while it was copied')
    expect(small.bytes().length).toBeLessThanOrEqual(16 << 20)
    await expect(copyOut(path, sink(1e9), ports(endless(Number.MAX_SAFE_INTEGER)))).rejects.toThrow('no room')
    await expect(copyOut(path, sink(), ports(withFile(() => ({ size: async () => 11 }))))).rejects.toThrow('ended after 10 of 11 bytes')
  })
})
