import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { GuestName } from '../contract/names.ts'

/** What a guest and its QEMU wrote, `<state>/guests/<name>/`, follows its name; old logs of somebody else's make way. */
export function moveLogs(stateDirectory: string, from: GuestName, to: GuestName): void {
  const [before, after] = [from, to].map((name) => join(stateDirectory, 'guests', name))
  if (before === undefined || after === undefined || !existsSync(before)) return
  mkdirSync(dirname(after), { recursive: true, mode: 0o700 })
  rmSync(after, { recursive: true, force: true })
  renameSync(before, after)
}
