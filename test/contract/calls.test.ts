import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ORPCError } from '@orpc/client'
import { ConnectionClosed, type Connection } from '../../src/contract/connection.ts'
import { GuestName } from '../../src/contract/names.ts'
import { FakeHost } from './fake-router.ts'
import { FakeScreen } from './fake-screen.ts'
import { transports, type Served } from './transports.ts'

const linux = GuestName.parse('linux')

/** The error a call ends with, or a failure when it ends well. */
async function errorOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (value) => expect.fail(`expected an error, got ${JSON.stringify(value)}`),
    (error: unknown) => error,
  )
}

describe.each(transports)('calls over $name', ({ serve }) => {
  let host: FakeHost
  let served: Served
  let connection: Connection

  beforeEach(async () => {
    host = new FakeHost()
    served = await serve({ host, openScreen: async () => new FakeScreen(0) })
    connection = await served.connect()
  })
  afterEach(async () => {
    connection.close()
    await served.close()
  })

  it('answers a call with and without input', async () => {
    expect(await connection.client.host.info()).toMatchObject({ qemu: '7.2.22', accelerator: { kind: 'tcg' } })
    const { outcome, guest } = await connection.client.guest.start({ name: linux })
    expect([outcome, guest.view.state, guest.generation]).toEqual(['done', 'running', 2])
  })

  it('keeps many calls at once apart', async () => {
    const sources = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? 'serial' : 'engine') as 'serial' | 'engine')
    const answers = await Promise.all(sources.map((source) => connection.client.guest.logs({ name: linux, source })))
    expect(answers.map((answer) => answer.text)).toEqual(sources.map((source) => `${source} of linux\n`))
  })

  it('brings a typed error with its code and data', async () => {
    const error = await errorOf(connection.client.guest.get({ name: GuestName.parse('beos') }))
    expect(error).toBeInstanceOf(ORPCError)
    expect(error).toMatchObject({ code: 'NOT_FOUND', defined: true, data: { noun: 'guest', name: 'beos', known: ['linux', 'windows'] } })
  })

  it('brings a refusal with its reason and remedy, and a failure with its part', async () => {
    expect(await errorOf(connection.client.guest.pause({ name: linux }))).toMatchObject({
      code: 'REFUSED', data: { code: 'wrong-state', reason: 'linux is stopped', remedy: 'start it first' },
    })
    expect(await errorOf(connection.client.web.probe({}))).toMatchObject({ code: 'FAILED', data: { part: 'agent' } })
  })

  it('says which input is wrong', async () => {
    const wrong = { name: 'Not A Name' } as unknown as { name: GuestName } // what an untyped client could send
    const error = await errorOf(connection.client.guest.get(wrong))
    expect(error).toMatchObject({ code: 'BAD_REQUEST' })
    expect(JSON.stringify((error as ORPCError<string, unknown>).data)).toMatch(/lower-case DNS label/)
  })

  it('streams events, first what is, then what changes', async () => {
    const stream = await connection.client.guest.watch()
    const first = await stream.next()
    expect(first.value).toMatchObject({ type: 'listed', guests: [{ view: { name: 'linux' } }, { view: { name: 'windows' } }] })
    await connection.client.guest.start({ name: linux })
    expect((await stream.next()).value).toMatchObject({ type: 'changed', guest: { generation: 2, view: { state: 'running' } } })
    await stream.return?.()
  })

  it('lets go of a stream on the host when the client cancels it', async () => {
    const stream = await connection.client.host.meters()
    await expect.poll(() => host.watchers).toBe(1)
    await stream.return?.()
    await expect.poll(() => host.watchers).toBe(0)
  })

  it('ends a stream when the host ends it', async () => {
    const stream = await connection.client.guest.watch()
    await stream.next()
    const next = stream.next()
    host.endWatches()
    expect((await next).done).toBe(true)
  })

  it('coalesces a burst of 1000 samples and always delivers the newest', async () => {
    const stream = await connection.client.host.meters()
    await expect.poll(() => host.watchers).toBe(1)
    for (let cpu = 1; cpu <= 1000; cpu++) host.publishMeter(cpu)
    let delivered = 0
    for await (const meter of stream) {
      delivered += 1
      if (meter.cpuPercent === 1000) break
    }
    expect(delivered).toBeLessThan(10)
  })

  it('rejects a call under way when this side closes', async () => {
    const call = errorOf(connection.client.guest.exec({ name: linux, path: '/bin/sleep' }))
    const watch = await connection.client.host.meters()
    const next = errorOf(watch.next())
    connection.close()
    expect(await call).toBeInstanceOf(ConnectionClosed)
    expect(await next).toBeInstanceOf(ConnectionClosed)
    expect(await connection.closed).toBe('closed by this side')
    await expect.poll(() => host.watchers).toBe(0)
  })

  it('rejects a call under way when the host goes away, and every later one', async () => {
    const call = errorOf(connection.client.guest.exec({ name: linux, path: '/bin/sleep' }))
    await connection.client.host.info()
    await served.close()
    expect(await call).toBeInstanceOf(ConnectionClosed)
    expect(await connection.closed).toMatch(/shutting down/)
    expect(await errorOf(connection.client.host.info())).toBeInstanceOf(ConnectionClosed)
    expect(() => connection.openScreen(linux)).toThrow(ConnectionClosed)
    served = await serve({ host, openScreen: async () => new FakeScreen(0) })
  })

  it('cancels one call by its signal and leaves the connection open', async () => {
    const controller = new AbortController()
    const call = errorOf(connection.client.guest.exec({ name: linux, path: '/bin/sleep' }, { signal: controller.signal }))
    await connection.client.host.info()
    controller.abort()
    expect(await call).not.toBeInstanceOf(ConnectionClosed)
    expect(await connection.client.host.info()).toBeDefined()
  })

  it('serves a second client after the first has gone', async () => {
    connection.close()
    connection = await served.connect()
    expect(await connection.client.guest.list()).toHaveLength(2)
  })
})
