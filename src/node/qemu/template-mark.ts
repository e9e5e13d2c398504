import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { asObject, asString } from '../../engine/qemu/json.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'
import { writeFileAtomicSync } from '../file/atomic.ts'
import { abandonMirror } from './disk-mirror.ts'
import { giveUp } from './precopy.ts'

/**
 * Says in a machine's own folder that a template is being made of it, and whether its guest runs. A host that is killed
 * meanwhile may leave the guest standing still, its migration waiting and its disk's copy open: the next one undoes that.
 */
export async function withMark<T>(qmp: QmpSession, scratch: string, work: () => Promise<T>): Promise<T> {
  const running = asString(asObject(await qmp.execute('query-status'))['status']) === 'running'
  writeFileAtomicSync(markIn(scratch), running ? 'running' : 'paused', { durable: false })
  try {
    return await work()
  } finally {
    rmSync(markIn(scratch), { force: true })
  }
}

/** For a machine that is adopted: it is as it was before a template was begun of it, if one was. */
export async function healFromTemplate(qmp: QmpSession, scratch: string): Promise<void> {
  const path = markIn(scratch)
  if (!existsSync(path)) return
  await giveUp(qmp, readFileSync(path, 'utf8') === 'running')
  await abandonMirror(qmp)
  rmSync(path, { force: true })
}

function markIn(scratch: string): string {
  return join(scratch, 'template')
}
