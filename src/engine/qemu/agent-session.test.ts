import { afterEach, describe, expect, test, vi } from 'vitest'
import type { AgentCall } from './agent-call.ts'
import { execute } from './agent-exec.ts'
import { AgentSession } from './agent-session.ts'
import type { Json } from './json.ts'
import { fakeAgent as agent } from '../../../test/fake/agent.ts'
import { FakeStream } from '../../../test/fake/byte-stream.ts'

const syncs = (stream: FakeStream) => stream.written.filter((text) => text.includes('guest-sync-delimited')).length

describe('guest agent', () => {
  test('syncs once, then asks', async () => {
    const { stream, client } = agent(() => ({ return: { 'host-name': 'linux' } }))
    expect(await client.hostName()).toBe('linux')
    expect(await client.hostName()).toBe('linux')
    expect(syncs(stream)).toBe(1)
  })

  test('the sync request begins with 0xFF', async () => {
    const stream = new FakeStream()
    const raw: Uint8Array[] = []
    stream.write = (bytes) => void raw.push(bytes)
    await expect(new AgentSession(stream, { firstSyncId: 1 }).call('guest-ping', undefined, 5)).rejects.toThrow('within 5 ms')
    expect(raw[0]?.[0]).toBe(0xff)
  })

  test('left-overs of another host before the sync are not taken for answers', async () => {
    const { stream, session } = agent(() => ({ return: 'mine' }))
    const answer = session.call('guest-get-host-name', undefined, 1000)
    stream.tell({ return: 'stale' })
    stream.tell({ return: 6 })
    expect(await answer).toBe('mine')
  })

  test('an answer is not lost when it comes in one piece with a complaint about the 0xFF', async () => {
    const stream = new FakeStream()
    stream.onWrite = (text) => {
      const id = /"id":(\d+)/.exec(text)?.[1]
      const complaint = `{"error": {"class": "GenericError", "desc": "JSON parse error, stray"}}\n`
      queueMicrotask(() => stream.receive(id === undefined ? '{"return": "mine"}\n' : new TextEncoder().encode(`${complaint}{"return": ${id}}\n`)))
    }
    expect(await new AgentSession(stream, { firstSyncId: 7 }).call('guest-get-host-name', undefined, 1000)).toBe('mine')
  })

  test('after a time-out it syncs again, so a late answer is not given to the next caller', async () => {
    let silent = true
    const { stream, session } = agent((command) => (silent ? null : { return: command }))
    await expect(session.call('guest-get-users', undefined, 10)).rejects.toMatchObject({ part: 'agent' })
    silent = false
    const next = session.call('guest-ping', undefined, 1000)
    stream.tell({ return: 'late answer to guest-get-users' })
    expect(await next).toBe('guest-ping')
    expect(syncs(stream)).toBe(2)
  })

  test('requests wait their turn, and only so many may wait', async () => {
    const { stream, session } = agent(() => null)
    const all = Array.from({ length: 40 }, () => session.call('guest-ping', undefined, 20).catch((error: unknown) => String(error)))
    const outcomes = await Promise.all(all)
    expect(outcomes.filter((text) => String(text).includes('busy'))).toHaveLength(8)
    expect(stream.written.length).toBeLessThan(70)
    session.close()
  })

  test('an answer that would cost more to read than any tells is not read, and the next one is', async () => {
    let bomb: string | null = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const { stream, session } = agent(() => (bomb === null ? { return: 'fine' } : `{"return": ${bomb}}\n`))
    for (const next of [`[${'{},'.repeat(100_000)}0]`, `{${Array.from({ length: 100_000 }, (_, key) => `"${key}":0`).join()}}`, null]) {
      await expect(session.call('guest-get-users', undefined, 60_000)).rejects.toThrow('more than an answer may hold')
      bomb = next
    }
    expect(await session.call('guest-get-users', undefined, 60_000)).toBe('fine')
    expect(syncs(stream)).toBe(4)
  })

  test('an agent that never ends its line is cut off', async () => {
    const stream = new FakeStream()
    const session = new AgentSession(stream, { firstSyncId: 7 })
    const asked = session.call('guest-ping', undefined, 60_000)
    const refused = expect(asked).rejects.toThrow('more than an answer may hold')
    await vi.waitFor(() => expect(syncs(stream)).toBe(1), { timeout: 60_000 })
    for (let sent = 0; sent < 1_024 && !session.isClosed; sent += 1) stream.receive(new Uint8Array(65_536).fill(97))
    await refused
    expect(session.isClosed).toBe(true)
    await expect(session.call('guest-ping', undefined, 1000)).rejects.toThrow('sent more than anybody asked for')
  })

  test('an agent that floods is cut off, and a later request works', async () => {
    let flood = true
    const { stream, session } = agent(() => (flood ? 'x'.repeat(5000) : { return: 1 }), { maximumLineBytes: 1000 })
    await expect(session.call('guest-info', undefined, 1000)).rejects.toThrow('more than an answer may hold')
    flood = false
    stream.receive('\n')
    expect(await session.call('guest-info', undefined, 1000)).toBe(1)
  })

  describe('while one request has no answer', () => {
    afterEach(() => void vi.useRealTimers())
    const asked = (stream: FakeStream, command: string) => stream.written.filter((text) => text.includes(`"${command}"`)).length

    test('the others are told when their own time is up, and are not sent after it', async () => {
      vi.useFakeTimers()
      const { stream, session } = agent((command) => (command === 'guest-exec' ? null : { return: command }))
      const told: string[] = []
      void session.call('guest-exec', undefined, 300_000).catch((error: unknown) => told.push(`exec: ${String(error)}`))
      void session.call('guest-shutdown', undefined, 2_000).catch((error: unknown) => told.push(`shutdown: ${String(error)}`))
      await vi.advanceTimersByTimeAsync(2_000)
      expect(told).toEqual([expect.stringMatching(/shutdown: .*did not answer within 2000 ms/)])
      await vi.advanceTimersByTimeAsync(298_000)
      expect(told[1]).toMatch(/exec: .*did not answer/)
      expect(await session.call('guest-ping', undefined, 1_000)).toBe('guest-ping')
      expect([asked(stream, 'guest-exec'), asked(stream, 'guest-shutdown')]).toEqual([1, 0])
    })

    test('an agent that is gone is not waited for, and the next one is asked after a sync', async () => {
      vi.useFakeTimers()
      const { stream, session } = agent((command) => (command === 'guest-exec' ? null : { return: command }))
      const told = session.call('guest-exec', undefined, 300_000).catch((error: unknown) => String(error))
      const next = session.call('guest-ping', undefined, 5_000)
      await vi.advanceTimersByTimeAsync(10)
      session.doubt(1_000)
      await vi.advanceTimersByTimeAsync(1_000)
      expect(await told).toMatch(/ended before it answered/)
      expect(await next).toBe('guest-ping')
      expect(syncs(stream)).toBe(2)
    })

    test('what it said before it went is heard, and nobody after it is doubted', async () => {
      vi.useFakeTimers()
      const { stream, session } = agent(() => null)
      const first = session.call('guest-exec', undefined, 300_000)
      await vi.advanceTimersByTimeAsync(10)
      session.doubt(1_000)
      stream.tell({ return: 'last words' })
      expect(await first).toBe('last words')
      const second = session.call('guest-exec', undefined, 300_000)
      await vi.advanceTimersByTimeAsync(2_000)
      stream.tell({ return: 'late' })
      expect(await second).toBe('late')
    })

    test('a sync that was lost is sent again; of a slow agent’s answers the last counts', async () => {
      vi.useFakeTimers()
      const { stream, session } = agent((command) => ({ return: command }), { syncs: false })
      const answer = session.call('guest-ping', undefined, 60_000)
      await vi.advanceTimersByTimeAsync(11_000)
      expect(syncs(stream)).toBe(3)
      stream.tell({ return: 8 })
      await vi.advanceTimersByTimeAsync(20_000)
      expect([syncs(stream), asked(stream, 'guest-ping')]).toEqual([3, 0])
      stream.tell({ return: 9 })
      expect(await answer).toBe('guest-ping')
    })
  })

  test('a closed port rejects what is pending and what comes later', async () => {
    const { stream, session } = agent(() => null)
    const pending = session.call('guest-ping', undefined, 5000)
    await Promise.resolve()
    stream.onClose('QEMU ended')
    await expect(pending).rejects.toThrow('QEMU ended')
    await expect(session.call('guest-ping', undefined, 5000)).rejects.toThrow('QEMU ended')
  })

  test('exec polls until the program has ended and decodes its output', async () => {
    let polls = 0
    const { client } = agent((command) => {
      if (command === 'guest-exec') return { return: { pid: 9 } }
      return { return: ++polls < 3 ? { exited: false } : { exited: true, exitcode: 3, 'out-data': 'aMOpCg==', 'err-data': '' } }
    })
    expect(await client.exec('/bin/x', ['a'], 5000)).toEqual({ exitCode: 3, stdout: 'hé\n', stderr: '' })
  })

  test('exec gives up at its own deadline and says that the program goes on', async () => {
    const { client } = agent((command) => ({ return: command === 'guest-exec' ? { pid: 9 } : { exited: false } }))
    await expect(client.exec('/bin/sleep', ['9'], 60)).rejects.toThrow('/bin/sleep has not ended within 60 ms')
  })

  test('however little of the time for the program is left, the agent has its own to say how it is', async () => {
    const given: number[] = []
    const call: AgentCall = (command, _parameters, timeoutMs = 0) => {
      given.push(timeoutMs)
      return Promise.resolve<Json>(command === 'guest-exec' ? { pid: 9 } : { exited: false })
    }
    await expect(execute(call, '/bin/sleep', ['9'], 60)).rejects.toThrow('/bin/sleep has not ended within 60 ms')
    expect(Math.min(...given)).toBeGreaterThan(60)
  })

  test('answers of the wrong shape become empty values, not crashes', async () => {
    const { client } = agent((command) => ({ return: command === 'guest-network-get-interfaces' ? [{ 'hardware-address': 5 }, 'x', null] : ['odd'] }))
    expect(await client.addresses()).toEqual([])
    expect(await client.osInfo()).toEqual({ family: null, name: 'unknown', version: null, kernel: null })
    await expect(client.exec('/bin/x', [], 100)).rejects.toThrow('did not say which process')
  })

  test('shutdown counts silence as success and a refusal as one', async () => {
    await expect(agent((command) => (command === 'guest-ping' ? { return: {} } : null)).client.shutdown()).resolves.toBeUndefined()
    const refusing = agent((command) => (command === 'guest-ping' ? { return: {} } : { error: { desc: 'no' } }))
    await expect(refusing.client.shutdown()).rejects.toThrow('refused guest-shutdown: no')
  })
})
