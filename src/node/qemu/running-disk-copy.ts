import { existsSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DiskCopy } from '../../engine/engine.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'
import { writeFileAtomicSync } from '../file/atomic.ts'
import { DiskMirror, abandonMirror } from './disk-mirror.ts'
import { makeTarget } from './template-make.ts'

const names = { job: 'copy', node: 'copy0' }

/**
 * A copy of a running machine's whole disk, whatever it stands on included. It is a mirror and no `blockdev-backup`: a backup
 * holds each of the guest's writes back until the old data is copied, and fails them when the copy cannot be written; a mirror
 * only follows. `over` is called once, when nothing of it is left in the machine.
 *
 * `scratch`, the machine's own folder, says so meanwhile: a host that is killed leaves a mirror that goes on without end.
 */
export async function beginRunningCopy(machine: { readonly qmp: QmpSession; readonly scratch: string; readonly diskPath: string }, path: string, over: () => void): Promise<DiskCopy> {
  const { qmp, scratch } = machine
  let ended = false
  const end = () => {
    if (ended) return
    ended = true
    rmSync(markIn(scratch), { force: true })
    over()
  }
  const discard = async () => {
    await rm(path, { force: true })
    end()
  }
  try {
    await makeTarget(path, machine.diskPath, null)
    writeFileAtomicSync(markIn(scratch), '', { durable: false })
    const mirror = await DiskMirror.begin(qmp, path, 'full', names)
    return {
      caughtUp: (progress, signal) => mirror.ready(progress, signal),
      take: async () => {
        await mirror.finish()
        end()
      },
      abandon: async () => {
        if (ended) return
        await mirror.abandon().catch(() => undefined) // QEMU is gone, and its copy with it
        await discard()
      },
    }
  } catch (error) {
    await discard()
    throw error
  }
}

/** For a machine that is adopted: ends the copy that a killed host had begun. */
export async function healFromCopy(qmp: QmpSession, scratch: string): Promise<void> {
  if (!existsSync(markIn(scratch))) return
  await abandonMirror(qmp, names)
  rmSync(markIn(scratch), { force: true })
}

function markIn(scratch: string): string {
  return join(scratch, 'copy')
}
