import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AgentSession } from '../../../src/engine/qemu/agent-session.ts'
import { byteStream, connectWhenReady } from '../../../src/node/qemu/unix-stream.ts'

/** A guest that has nothing to say and never stops saying it. */
const flood = `
  const chunk = Buffer.alloc(65536, '{}\\n')
  require('node:net').createServer((socket) => {
    const pour = () => { while (socket.write(chunk)); socket.once('drain', pour) }
    socket.on('error', () => undefined)
    pour()
  }).listen(process.argv[1])`

describe('a guest that floods the agent port', () => {
  let directory = ''
  let guest: ChildProcess | null = null
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'diptych-flood-'))
  })
  afterEach(() => {
    guest?.kill('SIGKILL')
    rmSync(directory, { recursive: true })
  })

  it('is hung up on, at once, in place of being read for as long as it likes', async () => {
    const path = join(directory, 'qga')
    guest = spawn(process.execPath, ['-e', flood, path], { stdio: 'ignore' })
    const session = new AgentSession(byteStream(await connectWhenReady(path, { until: () => null, timeoutMs: 300_000 })), { firstSyncId: 1 })
    await expect(session.call('guest-ping', undefined, 300_000)).rejects.toThrow(/sent more than anybody asked for/)
    expect(session.isClosed).toBe(true)
  })
})
