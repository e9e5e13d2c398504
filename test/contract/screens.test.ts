import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Connection, ScreenChannel } from '../../src/contract/connection.ts'
import { GuestName } from '../../src/contract/names.ts'
import { FakeHost } from './fake-router.ts'
import { FakeScreen, pattern } from './fake-screen.ts'
import { transports, type Served } from './transports.ts'

const linux = GuestName.parse('linux')
const size = 8 * 1024 * 1024

function opened(screen: ScreenChannel): Promise<void> {
  return new Promise((resolve, reject) => {
    screen.onopen = () => resolve()
    screen.onclose = ({ reason }) => reject(new Error(reason))
  })
}

function closed(screen: ScreenChannel): Promise<{ code: number; reason: string }> {
  return new Promise((resolve) => {
    screen.onclose = resolve
  })
}

function read(screen: ScreenChannel, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let total = 0
    screen.onclose = ({ reason }) => reject(new Error(`closed after ${total} bytes: ${reason}`))
    screen.onmessage = ({ data }) => {
      chunks.push(Buffer.from(data))
      total += data.byteLength
      if (total >= length) resolve(Buffer.concat(chunks))
    }
  })
}

describe.each(transports)('screens over $name', ({ serve }) => {
  let screen: FakeScreen
  let served: Served
  let connection: Connection
  let gives: number

  beforeEach(async () => {
    gives = 0
    served = await serve({
      host: new FakeHost(),
      async openScreen(guest) {
        if (guest !== linux) throw new Error(`there is no guest ${guest}`)
        screen = new FakeScreen(gives)
        return screen
      },
    })
    connection = await served.connect()
  })
  afterEach(async () => {
    connection.close()
    await served.close()
  })

  it('carries 8 MiB to the client intact', async () => {
    gives = size
    expect((await read(connection.openScreen(linux), size)).equals(pattern(0, size))).toBe(true)
  })

  it('carries 8 MiB to the guest intact, from a buffer the client reuses', async () => {
    const channel = connection.openScreen(linux)
    await opened(channel)
    const reused = new Uint8Array(64 * 1024)
    for (let offset = 0; offset < size; offset += reused.length) {
      reused.set(pattern(offset, reused.length))
      channel.send(reused)
    }
    reused.fill(0xee)
    await expect.poll(() => screen.received.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(size)
    expect(Buffer.concat(screen.received).equals(pattern(0, size))).toBe(true)
  })

  it('pauses the guest while a reader takes nothing', async () => {
    gives = 256 * 1024 * 1024
    await served.openUnreadScreen('linux')
    await expect.poll(() => screen?.isPaused()).toBe(true)
    let given = 0
    await expect.poll(async () => {
      given = screen.given
      await new Promise((resolve) => setTimeout(resolve, 200)) // what the kernel's buffers still take in lets it go on for a moment
      return screen.given - given
    }).toBe(0)
    expect(screen.isPaused()).toBe(true)
    expect(given).toBeGreaterThan(0)
    expect(given).toBeLessThan(16 * 1024 * 1024) // our window and the kernel's socket buffers
  })

  it('holds input back while the guest takes none, then delivers all of it', async () => {
    const channel = connection.openScreen(linux)
    await opened(channel)
    screen.takeInput(false)
    for (let offset = 0; offset < size; offset += 65536) channel.send(pattern(offset, 65536))
    await connection.client.host.info()
    expect(screen.writableLength).toBeLessThan(2 * 1024 * 1024)
    screen.takeInput(true)
    await expect.poll(() => screen.received.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(size)
    expect(Buffer.concat(screen.received).equals(pattern(0, size))).toBe(true)
  })

  it('gives a screen up whose guest takes no input at all', async () => {
    const channel = connection.openScreen(linux)
    await opened(channel)
    screen.takeInput(false)
    const end = closed(channel)
    const chunk = new Uint8Array(1024 * 1024)
    for (let sent = 0; sent < 40 && channel.readyState === 1; sent++) channel.send(chunk)
    expect(await end).toEqual({ code: 1013, reason: 'the guest stopped taking input' })
  })

  it('closes the guest side when the client closes, and the other way round', async () => {
    const first = connection.openScreen(linux)
    await opened(first)
    first.onclose = null
    first.close()
    await expect.poll(() => screen.destroyed).toBe(true)
    expect(first.readyState).toBeGreaterThanOrEqual(2)

    const second = connection.openScreen(linux)
    await opened(second)
    const end = closed(second)
    screen.destroy()
    expect((await end).reason).toBe('the screen ended')
    expect(second.readyState).toBe(3)
  })

  it('closes with the reason when there is no such screen', async () => {
    expect(await closed(connection.openScreen(GuestName.parse('beos')))).toEqual({ code: 4404, reason: 'there is no guest beos' })
  })

  it('closes its screens with the connection', async () => {
    const channel = connection.openScreen(linux)
    await opened(channel)
    channel.onclose = null
    connection.close()
    await expect.poll(() => screen.destroyed).toBe(true)
  })

  it('refuses to be anything but an array buffer channel', () => {
    const channel = connection.openScreen(linux)
    expect(() => { channel.binaryType = 'blob' }).toThrow(TypeError)
    expect(channel.binaryType).toBe('arraybuffer')
  })
})
