import { existsSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** What a file or folder takes on the disk, in bytes: holes take nothing, and a file with several names counts once. */
export async function diskUse(path: string): Promise<number> {
  return existsSync(path) ? sum(path, new Set()) : 0
}

async function sum(path: string, seen: Set<string>): Promise<number> {
  const found = await lstat(path)
  const key = `${found.dev}:${found.ino}`
  if (seen.has(key)) return 0
  seen.add(key)
  let bytes = found.blocks * 512
  if (found.isDirectory()) for (const name of await readdir(path)) bytes += await sum(join(path, name), seen)
  return bytes
}
