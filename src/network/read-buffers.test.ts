import { describe, expect, it } from 'vitest'
import { READ_BUFFER_BYTES, ReadBuffers } from './read-buffers.ts'

describe('read buffers', () => {
  it('are read into again while nobody else holds them', () => {
    const buffers = new ReadBuffers()
    const first = buffers.take()
    expect(first).toHaveLength(READ_BUFFER_BYTES)
    expect(buffers.next(first)).toBe(first)
  })

  it('are left alone while a write needs them, and used again after it', () => {
    const buffers = new ReadBuffers()
    const first = buffers.take()
    const slice = first.subarray(10, 20)
    expect(buffers.hold(slice)).toBe(true)
    expect(buffers.hold(slice)).toBe(true)
    const second = buffers.next(first)
    expect(second.buffer).not.toBe(first.buffer)
    buffers.release(slice)
    expect(buffers.take().buffer).not.toBe(first.buffer)
    buffers.release(slice)
    expect(buffers.take()).toBe(first)
  })

  it('holds nothing that is not theirs', () => {
    expect(new ReadBuffers().hold(new Uint8Array(10))).toBe(false)
  })
})
