import { appendFileSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeStream } from '../../../test/fake/byte-stream.ts'
import { readTail } from '../file/tail.ts'
import { cutLog } from './engine-log.ts'
import { SerialLog } from './serial-log.ts'
import { TailBuffer } from './tail-buffer.ts'

let home = ''
let path = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'diptych-logs-'))
  path = join(home, 'log')
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

function serial(options: { rotateAt?: number } = {}) {
  const stream = new FakeStream()
  const lines: string[] = []
  const faults: string[] = []
  const log = new SerialLog(path, stream, (line) => lines.push(line), (reason) => faults.push(reason), options.rotateAt)
  return { stream, lines, faults, log }
}

describe('the serial log', () => {
  it('has everything that comes at a bearable pace, and rotates', async () => {
    const { stream, lines, log } = serial({ rotateAt: 3_000 })
    for (let line = 0; line < 50; line += 1) stream.receive(`line ${line} ${'x'.repeat(100)}\n`)
    await log.close()
    expect(lines).toHaveLength(50)
    expect(`${readFileSync(`${path}.1`, 'utf8')}${readFileSync(path, 'utf8')}`.match(/line \d+/g)).toHaveLength(50)
    expect(statSync(path).size).toBeLessThan(3_000)
  })

  it('keeps the newest of a flood, says how much it left out, and stays small', async () => {
    const { stream, lines, log } = serial()
    const block = new TextEncoder().encode(`${'x'.repeat(1023)}\n`.repeat(1024))
    for (let sent = 0; sent < 40; sent += 1) stream.receive(block)
    stream.receive('\nPANIC: the last words\n')
    await log.close()
    const text = readFileSync(path, 'utf8')
    expect(text.length).toBeLessThan(4 << 20)
    expect(text.endsWith('PANIC: the last words\n')).toBe(true)
    const leftOut = Number(/\[Diptych left out (\d+) bytes here/.exec(text)?.[1])
    const note = /\n\[Diptych.*\]\n/.exec(text)?.[0] ?? ''
    expect(leftOut + text.length - note.length).toBe(40 * block.length + '\nPANIC: the last words\n'.length)
    expect(lines.length).toBeLessThanOrEqual(400)
  })

  it('goes on after a flood', async () => {
    const { stream, log } = serial()
    for (let sent = 0; sent < 8; sent += 1) stream.receive(new Uint8Array(1 << 20).fill(120))
    await expect.poll(() => readFileSync(path, 'utf8').includes('left out')).toBe(true)
    stream.receive('\nafter the flood\n')
    await log.close()
    expect(readFileSync(path, 'utf8').endsWith('\nafter the flood\n')).toBe(true)
  })

  it('says once that it can no longer be written, and goes on telling lines', async () => {
    path = '/dev/full'
    const { stream, lines, faults, log } = serial()
    for (const text of ['one\n', 'two\n']) stream.receive(text)
    expect(lines).toEqual(['one', 'two'])
    await expect.poll(() => faults).toEqual([expect.stringContaining('ENOSPC')])
    stream.receive('three\n')
    await log.close()
    expect([lines.length, faults.length]).toEqual([3, 1])
  })
})

describe('the tail buffer', () => {
  it('keeps the newest bytes, whatever the chunking', () => {
    for (let chunk = 1; chunk < 40; chunk += 1) {
      const buffer = new TailBuffer(16)
      const all = Uint8Array.from({ length: 100 }, (_, index) => index)
      for (let at = 0; at < all.length; at += chunk) buffer.push(all.subarray(at, at + chunk))
      const { bytes, leftOut } = buffer.take()
      expect([...bytes], `in chunks of ${chunk}`).toEqual([...all.subarray(84)])
      expect([leftOut, buffer.length]).toEqual([84, 0])
      buffer.push(Uint8Array.of(1, 2))
      expect(buffer.take()).toEqual({ bytes: Uint8Array.of(1, 2), leftOut: 0 })
    }
  })
})

describe('QEMU’s log', () => {
  it('is cut in place to its newest lines while QEMU goes on writing to it', async () => {
    const qemu = openSync(path, 'a')
    for (let line = 0; line < 5_000; line += 1) writeSync(qemu, `warning ${line}\n`)
    const before = statSync(path)
    await cutLog(path, 20_000, 5_000)
    writeSync(qemu, 'afterwards\n')
    closeSync(qemu)
    const text = readFileSync(path, 'utf8')
    expect(statSync(path).ino).toBe(before.ino)
    const [note = '', ...lines] = text.trimEnd().split('\n')
    expect(note).toMatch(/^\[Diptych left out \d+ bytes here: the log had grown over 20 KiB\]$/)
    expect(lines.slice(-3)).toEqual(['warning 4998', 'warning 4999', 'afterwards'])
    expect(text.length).toBeLessThan(6_000)
    expect(Number(/\d+/.exec(note)?.[0]) + text.length - note.length - 1 - 'afterwards\n'.length).toBe(before.size)
  })

  it('is left alone while it is small', async () => {
    writeFileSync(path, 'all is well\n')
    await cutLog(path, 100, 50)
    expect(readFileSync(path, 'utf8')).toBe('all is well\n')
  })
})

it('a tail is read without the rest', () => {
  writeFileSync(path, 'x'.repeat(100_000))
  appendFileSync(path, 'end')
  expect(readTail(path, 5)).toBe('xxend')
  expect(readTail(join(home, 'none'), 5)).toBe('')
})
