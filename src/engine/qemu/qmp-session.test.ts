import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EngineFault } from '../engine.ts'
import { FakeStream } from '../../../test/fake/byte-stream.ts'
import { asObject, parseJson } from './json.ts'
import { QmpError, QmpSession } from './qmp-session.ts'

const greeting = { QMP: { version: { qemu: { major: 7, minor: 2, micro: 22 }, package: 'x' }, capabilities: ['oob'] } }

/** A session with its far side; `answer` returns what QEMU would, by command. */
function connected(answer: (command: string, id: unknown) => object | null = (_, id) => ({ return: {}, id })) {
  const stream = new FakeStream()
  stream.onWrite = (text) => {
    const { execute, id } = asObject(parseJson(text))
    const reply = answer(String(execute), id)
    if (reply !== null) queueMicrotask(() => stream.tell(reply))
  }
  const session = new QmpSession(stream)
  stream.tell(greeting)
  return { stream, session }
}

describe('QMP session', () => {
  test('negotiates before the first command, without waiting for the greeting', async () => {
    const { stream, session } = connected()
    await session.execute('query-status')
    expect(stream.written.map((text) => asObject(parseJson(text))['execute'])).toEqual(['qmp_capabilities', 'query-status'])
    expect(await session.greeted).toBe('7.2.22')
  })

  test('answers reach their own caller, in any order', async () => {
    const held: unknown[] = []
    const { stream, session } = connected((command, id) => {
      if (command.startsWith('slow')) held.push(id)
      return command.startsWith('slow') ? null : { return: {}, id }
    })
    const [first, second] = [session.execute('slow-1'), session.execute('slow-2')]
    for (const id of held.toReversed()) stream.tell({ return: `for ${String(id)}`, id })
    expect(await first).toBe(`for ${String(held[0])}`)
    expect(await second).toBe(`for ${String(held[1])}`)
  })

  test('an error names the command, its class and QEMU’s words', async () => {
    const { session } = connected((command, id) => (command === 'cont' ? { error: { class: 'GenericError', desc: 'no way' }, id } : { return: {}, id }))
    const fault = await session.execute('cont').catch((error: unknown) => error)
    expect(fault).toBeInstanceOf(QmpError)
    expect(fault).toMatchObject({ part: 'qmp', code: 'GenericError', message: 'QEMU refused cont: no way' })
  })

  test('events go to listeners, never to callers', async () => {
    const { stream, session } = connected()
    const seen: string[] = []
    const stop = session.subscribe(({ name }) => seen.push(name))
    stream.tell({ event: 'STOP', timestamp: { seconds: 1, microseconds: 2 } })
    stop()
    stream.tell({ event: 'RESUME' })
    expect(seen).toEqual(['STOP'])
  })

  test('once closed, pending and later calls, and waits for events, all reject', async () => {
    const { stream, session } = connected(() => null)
    const pending = session.execute('query-status')
    const event = session.event(() => true, 10_000, 'nothing')
    stream.onClose('QEMU died')
    await expect(pending).rejects.toThrow(/query-status: .*QEMU died/)
    await expect(event).rejects.toThrow(/QEMU died/)
    await expect(session.execute('cont')).rejects.toBeInstanceOf(EngineFault)
    expect(await session.closed).toBe('QEMU died')
  })

  test('a call out of time rejects, and its late answer harms nobody', async () => {
    const ids: unknown[] = []
    const { stream, session } = connected((command, id) => {
      ids.push(id)
      return command === 'silent' ? null : { return: 'right', id }
    })
    await expect(session.execute('silent', undefined, 5)).rejects.toThrow('did not answer silent within 5 ms')
    stream.tell({ return: 'late', id: ids.at(-1) })
    expect(await session.execute('query-status')).toBe('right')
  })

  test('a line without end closes the session instead of filling memory', async () => {
    const { stream, session } = connected()
    for (let sent = 0; sent < 40 && !session.isClosed; sent++) stream.receive(new Uint8Array(1 << 20).fill(97))
    expect(session.isClosed).toBe(true)
    expect(stream.closed).toBe(true)
  })

  test('no junk from the other side throws or answers a call', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.json().map((text) => new TextEncoder().encode(`${text}\n`)))), (chunks) => {
        const { stream, session } = connected(() => null)
        for (const chunk of chunks) stream.receive(chunk)
        expect(session.isClosed).toBe(false)
        session.close()
      }),
    )
  })
})
