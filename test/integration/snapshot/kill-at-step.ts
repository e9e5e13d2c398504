import childProcess from 'node:child_process'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'

/**
 * Kills this very process between two of its steps. A step is a call that changes a file, starts a program, or sends bytes
 * into a socket (QEMU's monitor among them); it counts twice: a kill may fall before it, and right behind it.
 */
const changesFiles = ['renameSync', 'rmSync', 'unlinkSync', 'linkSync', 'mkdirSync', 'copyFileSync', 'writeFileSync', 'writeSync', 'chmodSync', 'utimesSync'] as const
const changesFilesLater = ['rename', 'rm', 'unlink', 'link', 'mkdir', 'copyFile', 'writeFile'] as const

let taken = 0
let last = Number.POSITIVE_INFINITY

/** From now on steps are counted; at number `killAt` the process is gone. */
export function countSteps(killAt: number): void {
  last = killAt
  const inner = { fs: { ...fs }, promises: { ...fs.promises }, spawn: childProcess.spawn, write: net.Socket.prototype.write }
  for (const name of changesFiles) Object.assign(fs, { [name]: around(inner.fs[name]) })
  for (const name of changesFilesLater) Object.assign(fs.promises, { [name]: around(inner.promises[name]) })
  childProcess.spawn = around(inner.spawn)
  net.Socket.prototype.write = around(inner.write)
  syncBuiltinESMExports()
}

export function stepsTaken(): number {
  return taken
}

function around<F>(call: F): F {
  const counted = function (this: unknown, ...given: unknown[]): unknown {
    step()
    const answer: unknown = Reflect.apply(call as () => unknown, this, given)
    if (!(answer instanceof Promise)) step()
    return answer instanceof Promise ? answer.finally(step) : answer
  }
  return counted as F
}

function step(): void {
  taken += 1
  if (taken === last) process.kill(process.pid, 'SIGKILL')
}
