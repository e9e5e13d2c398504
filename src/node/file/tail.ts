import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** The end of a text file, at most so many bytes of it, whatever its size; empty when it cannot be read. */
export function readTail(path: string, maximumBytes: number): string {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return '' // nothing was written
  }
  try {
    const { size } = fstatSync(file)
    const length = Math.min(size, maximumBytes)
    const bytes = Buffer.alloc(length)
    const read = readSync(file, bytes, 0, length, size - length)
    return bytes.subarray(0, read).toString('utf8')
  } finally {
    closeSync(file)
  }
}
