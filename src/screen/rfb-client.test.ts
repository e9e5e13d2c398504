import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ScreenChannel } from '../contract/connection.ts'
import { ByteReader } from './byte-reader.ts'
import { RfbClient } from './rfb-client.ts'

/** A channel whose other side is scripted: what the server says is delivered in chunks of the given sizes. */
class ScriptedChannel implements ScreenChannel {
  binaryType = 'arraybuffer'
  readonly protocol = ''
  readonly readyState = 1
  onopen: ScreenChannel['onopen'] = null
  onmessage: ScreenChannel['onmessage'] = null
  onclose: ScreenChannel['onclose'] = null
  onerror: ScreenChannel['onerror'] = null
  readonly sent: number[] = []

  send(data: Uint8Array | ArrayBuffer): void {
    this.sent.push(...new Uint8Array(data))
  }
  close(): void {
    this.onclose?.({ code: 1000, reason: 'closed by the test' })
  }
  deliver(bytes: readonly number[], sizes: readonly number[] = [bytes.length]): void {
    let at = 0
    for (let index = 0; at < bytes.length; index += 1) {
      const size = Math.max(1, sizes[index % sizes.length] ?? 1)
      this.onmessage?.({ data: new Uint8Array(bytes.slice(at, at + size)).buffer })
      at += size
    }
  }
}

const ascii = (text: string) => [...new TextEncoder().encode(text)]
const uint16 = (value: number) => [value >> 8, value & 255]
const greeting = (width: number, height: number) => [...ascii('RFB 003.008\n'), 1, 1, 0, 0, 0, 0, ...uint16(width), ...uint16(height), ...Array<number>(16).fill(0), 0, 0, 0, 4, ...ascii('test')]
const rect = (x: number, y: number, width: number, height: number, kind: number) => [...uint16(x), ...uint16(y), ...uint16(width), ...uint16(height), 0, 0, 0, kind]
const pixel = (client: RfbClient, x: number, y: number) => Array.from(client.picture.pixels.slice((y * client.picture.width + x) * 4, (y * client.picture.width + x) * 4 + 3))

async function opened(width = 20, height = 20, sizes?: readonly number[]) {
  const channel = new ScriptedChannel()
  const client = new RfbClient(channel)
  channel.deliver(greeting(width, height), sizes)
  await client.open()
  return { channel, client }
}

describe('RfbClient', () => {
  it('greets as RFB 3.8, shares the session and asks for hextile before raw', async () => {
    const { channel, client } = await opened()
    expect(client.picture.width).toBe(20)
    expect(channel.sent.slice(0, 14)).toEqual([...ascii('RFB 003.008\n'), 1, 1])
    expect(channel.sent.slice(14 + 20, 14 + 20 + 12)).toEqual([2, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 0])
  })

  it('paints raw, copy-rect and hextile rectangles, in any chunking', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }), async (sizes) => {
        const { channel, client } = await opened(20, 20, sizes)
        const update = client.update(true)
        const red = [200, 10, 20, 0]
        const blue = [0, 0, 250, 0]
        channel.deliver(
          [
            0, 0, 0, 3,
            ...rect(0, 0, 2, 1, 0), ...red, ...blue,
            ...rect(5, 5, 1, 1, 1), ...uint16(0), ...uint16(0),
            ...rect(0, 10, 20, 4, 5),
            2 | 4 | 8, ...blue, ...red, 1, 0x11, 0x10, // one foreground subrectangle at 1,1, 2 wide, 1 high
            0, // the second tile keeps the background
          ],
          sizes,
        )
        await update
        expect(pixel(client, 0, 0)).toEqual([200, 10, 20])
        expect(pixel(client, 1, 0)).toEqual([0, 0, 250])
        expect(pixel(client, 5, 5)).toEqual([200, 10, 20])
        expect(pixel(client, 1, 11)).toEqual([200, 10, 20])
        expect(pixel(client, 2, 11)).toEqual([200, 10, 20])
        expect(pixel(client, 3, 11)).toEqual([0, 0, 250])
        expect(pixel(client, 19, 13)).toEqual([0, 0, 250])
        expect(client.counters.updates).toBe(1)
      }),
      { numRuns: 40 },
    )
  })

  it.each([
    ['a server that is not RFB', ascii('HTTP/1.1 400'), /not an RFB server/],
    ['one that asks for a password', [...ascii('RFB 003.008\n'), 1, 2], /password/],
    ['an impossible size', [...ascii('RFB 003.008\n'), 1, 1, 0, 0, 0, 0, 255, 255, 255, 255, ...Array<number>(16).fill(0), 0, 0, 0, 0], /not accepted/],
  ])('refuses %s', async (_name, bytes, message) => {
    const channel = new ScriptedChannel()
    const client = new RfbClient(channel)
    channel.deliver(bytes)
    await expect(client.open()).rejects.toThrow(message)
  })

  it('refuses what reaches beyond the screen and ends its reads when the channel closes', async () => {
    const beyond = await opened()
    const update = beyond.client.update(false)
    beyond.channel.deliver([0, 0, 0, 1, ...rect(19, 0, 2, 1, 0), ...Array<number>(8).fill(0)])
    await expect(update).rejects.toThrow(/beyond/)
    const closing = await opened()
    const waiting = closing.client.update(true)
    closing.client.close()
    await expect(waiting).rejects.toThrow(/closed/)
  })
})

it('ByteReader gives exact reads from any chunks', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.array(fc.integer({ min: 1, max: 17 }), { minLength: 1 }), async (bytes, sizes) => {
      const reader = new ByteReader()
      const reads: Promise<number>[] = []
      const all = (async () => {
        for (const expected of bytes) expect(await reader.readUint8()).toBe(expected)
      })()
      reads.push(all.then(() => 0))
      for (let at = 0, index = 0; at < bytes.length; index += 1) {
        const size = sizes[index % sizes.length] ?? 1
        reader.push(bytes.subarray(at, at + size))
        at += size
      }
      await all
    }),
  )
})
