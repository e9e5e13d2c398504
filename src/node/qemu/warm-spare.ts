import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { EngineFault } from '../../engine/engine.ts'
import { isSameFile } from '../file/same-file.ts'
import { runProgram } from '../process/run-program.ts'
import { backingName } from './inner-backing.ts'
import { copySparsely } from './sparse-copy.ts'
import { isLeftBehind } from './warm-directory.ts'
import type { WarmState } from './warm-manifest.ts'

/**
 * Spares: what one warm start writes to, made ahead of it. A machine never maps the saved `ram.img` itself, because a
 * balloon or a free page report punches holes into the mapped *file* even when the mapping is private
 * (docs/decisions/0002-warm-state-ram.md).
 *
 *   spares/making-<pid>-<hex>  --rename-->  spares/spare-<hex>  --rename-->  spares/taken-<pid>-<hex>
 *
 * The renames make each step one instant; leftovers carry the process id of their maker and are swept when it is gone.
 */
export interface Spare {
  readonly directory: string
  readonly ram: string
  readonly overlay: string
}

export async function makeSpare(state: WarmState, options: { background: boolean }): Promise<void> {
  const spares = sparesDirectory(state)
  const making = join(spares, `making-${process.pid}-${randomBytes(4).toString('hex')}`)
  mkdirSync(making, { recursive: true, mode: 0o700 })
  try {
    await copySparsely(state.ram, join(making, 'ram.img'), options)
    await createOverlay(state.disk, join(making, 'disk.qcow2'))
    renameSync(making, join(spares, `spare-${randomBytes(4).toString('hex')}`))
  } catch (error) {
    rmSync(making, { recursive: true, force: true })
    throw error
  }
}

/** Takes a spare for one run, or null when there is none. Two hosts cannot take the same: a rename has one winner. */
export function takeSpare(state: WarmState): Spare | null {
  const spares = sparesDirectory(state)
  for (const name of listing(spares).filter((entry) => entry.startsWith('spare-'))) {
    const taken = join(spares, `taken-${process.pid}-${randomBytes(4).toString('hex')}`)
    try {
      renameSync(join(spares, name), taken)
      return { directory: taken, ram: join(taken, 'ram.img'), overlay: join(taken, 'disk.qcow2') }
    } catch {
      continue // somebody else was faster
    }
  }
  return null
}

/** Whether its disk names the warm state's where that is: in a cache that was moved since, it does not. */
export async function standsOn({ overlay }: Spare, { disk }: WarmState): Promise<boolean> {
  const base = await backingName(overlay)
  return base !== null && isSameFile(base, disk)
}

export function countSpares(state: WarmState): number {
  return listing(sparesDirectory(state)).filter((name) => name.startsWith('spare-')).length
}

/** Removes what dead makers and takers left. */
export function sweepSpares(state: WarmState): void {
  for (const name of listing(sparesDirectory(state))) if (isLeftBehind(name)) rmSync(join(sparesDirectory(state), name), { recursive: true, force: true })
}

export async function createOverlay(backing: string, path: string): Promise<void> {
  const result = await runProgram('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', backing, path])
  if (result.exitCode !== 0) throw new EngineFault('disk', `The disk ${path} could not be made: ${result.stderr.trim()}`)
}

function sparesDirectory(state: WarmState): string {
  return join(state.directory, 'spares')
}

function listing(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : []
}
