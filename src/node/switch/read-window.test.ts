import { describe, expect, it } from 'vitest'
import { READ_BUFFER_BYTES, ReadBuffers } from '../../network/read-buffers.ts'
import { ReadWindow } from './read-window.ts'

/** A window whose taker says in turn how many bytes it wants again, and what it was shown. */
function windowOf(...wanted: number[]) {
  const shown: Uint8Array[] = []
  const buffers = new ReadBuffers()
  const window = new ReadWindow(buffers, (bytes) => {
    shown.push(bytes)
    return wanted.shift() ?? 0
  })
  /** Reads so many bytes of one value. */
  const read = (count: number, value: number) => {
    window.room().fill(value, 0, count)
    window.filled(count)
  }
  return { buffers, window, shown, read }
}

describe('ReadWindow', () => {
  it('begins at the front again while nothing is left over', () => {
    const { window, shown, read } = windowOf()
    read(100, 1)
    read(50, 2)
    expect(shown.map((bytes) => [bytes.byteOffset, bytes.length])).toEqual([[0, 100], [0, 50]])
    expect(window.room()).toHaveLength(READ_BUFFER_BYTES)
  })

  it('reads on behind the beginning of a cut frame, without moving it', () => {
    const { shown, read } = windowOf(60_000, 0)
    read(200_000, 1)
    read(5_000, 2)
    expect(shown[1]?.byteOffset).toBe(140_000)
    expect(shown[1]).toHaveLength(65_000)
    expect([shown[1]?.[59_999], shown[1]?.[60_000]]).toEqual([1, 2])
    read(10, 3)
    expect(shown[2]?.byteOffset).toBe(0)
  })

  it('moves it to the front where its rest might find no room, and when it is short', () => {
    for (const [count, wanted] of [[READ_BUFFER_BYTES - 10, 60_000], [200_000, 3]] as const) {
      const { shown, read } = windowOf(wanted, 0)
      read(count, 1)
      read(7, 2)
      expect(shown[1]?.byteOffset).toBe(0)
      expect(shown[1]).toHaveLength(wanted + 7)
      expect(shown[1]?.every((byte, at) => byte === (at < wanted ? 1 : 2))).toBe(true)
    }
  })

  it('leaves alone what somebody still holds', () => {
    const { buffers, shown, read } = windowOf(0, 60_000, 60_010)
    read(100_000, 1)
    const [held = new Uint8Array()] = shown
    buffers.hold(held)
    read(READ_BUFFER_BYTES - 5, 2)
    read(10, 3)
    expect(shown[1]?.buffer).not.toBe(held.buffer)
    expect(held.every((byte) => byte === 1)).toBe(true)
    expect(shown[2]?.at(-1)).toBe(3)
  })

  it('takes chunks that came in buffers of their own, however they are cut', () => {
    const { window, shown } = windowOf(1, 2, 3, 0)
    const texts = ['a', 'b', 'c', 'd', 'e'].map((chunk) => {
      window.put(Buffer.from(chunk))
      return Buffer.from(shown.at(-1) ?? []).toString()
    })
    expect(texts).toEqual(['a', 'ab', 'abc', 'abcd', 'e'])
  })

  it('gives its buffer back', () => {
    const { buffers, window, read } = windowOf(5)
    read(10, 1)
    const used = window.room().buffer
    window.close()
    expect(buffers.take().buffer).toBe(used)
  })
})
