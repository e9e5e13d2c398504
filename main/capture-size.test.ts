import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { captureBytes, watchCaptureBytes } from './capture-size.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'diptych-capture-'))
  path = join(folder, 'linux.pcapng')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('counts the file of older traffic too, and nothing where there is none', async () => {
  expect(await captureBytes(path)).toBe(0)
  writeFileSync(path, Buffer.alloc(100))
  expect(await captureBytes(path)).toBe(100)
  renameSync(path, `${path}.1`)
  writeFileSync(path, Buffer.alloc(28))
  expect(await captureBytes(path)).toBe(128)
})

it('tells the size again and again, and ends with its signal', async () => {
  const told: number[] = []
  const over = new AbortController()
  const watching = watchCaptureBytes(path, over.signal, (bytes) => told.push(bytes))
  await expect.poll(() => told, { timeout: 60_000 }).toContain(0)
  writeFileSync(path, Buffer.alloc(100))
  await expect.poll(() => told, { timeout: 60_000 }).toContain(100)
  over.abort()
  await watching
})
