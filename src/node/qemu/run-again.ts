import { setTimeout as sleep } from 'node:timers/promises'
import { asObject, asString } from '../../engine/qemu/json.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'

/**
 * Lets a machine go on after its state was written or copied, or that failed. `cont` also makes QEMU take its disks back,
 * which the migration let go; a paused guest has to run for that, as briefly as QEMU can. QEMU calls a migration ended a
 * moment before it takes `cont` again (run state `finish-migrate`): a guest must not stay paused for that.
 */
export async function runAgain(qmp: Pick<QmpSession, 'execute'>, wasRunning: boolean): Promise<void> {
  while (asString(asObject(await qmp.execute('query-status'))['status']) === 'finish-migrate') await sleep(1)
  // Both are sent before either is answered.
  await Promise.all([qmp.execute('cont'), ...(wasRunning ? [] : [qmp.execute('stop')])])
}
