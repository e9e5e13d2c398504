import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { GuestName } from '../contract/names.ts'
import { readTail } from './file/tail.ts'

const longestText = 4 << 20

/** Where a guest's last run wrote, when nothing runs that says. */
export function guestLogPath(stateDirectory: string, name: GuestName, source: 'serial' | 'engine'): string {
  return join(stateDirectory, 'guests', name, `${source}.log`)
}

/** The last lines of a log; none of one that was not written. */
export function readGuestLog(path: string, lines: number): { text: string; path: string } {
  return { text: readTail(path, longestText).split('\n').slice(-lines - 1).join('\n'), path }
}

/** What a guest and its QEMU wrote, `<state>/guests/<name>/`, follows its name; old logs of somebody else's make way. */
export function moveLogs(stateDirectory: string, from: GuestName, to: GuestName): void {
  const [before, after] = [from, to].map((name) => join(stateDirectory, 'guests', name))
  if (before === undefined || after === undefined || !existsSync(before)) return
  mkdirSync(dirname(after), { recursive: true, mode: 0o700 })
  rmSync(after, { recursive: true, force: true })
  renameSync(before, after)
}
