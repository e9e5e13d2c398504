import { setTimeout as sleep } from 'node:timers/promises'
import { makeRoom } from '../../contract/disk-full.ts'
import { EngineFault } from '../../engine/engine.ts'
import { asArray, asNumber, asObject, asString } from '../../engine/qemu/json.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'

const job = 'flatten'
const pollMs = 100

/**
 * Copies what a running machine's disk shares with its base into it, while it runs; then it stands alone (QEMU, qapi/
 * block-core.json, `block-stream`). Cancelled, or cut off by QEMU's end, the disk stands on its base as before.
 */
export async function flattenDisk(qmp: QmpSession, progress: (fraction: number) => void, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  const ended = qmp.event(({ name, data }) => ['BLOCK_JOB_COMPLETED', 'BLOCK_JOB_CANCELLED'].includes(name) && data['device'] === job, 2 ** 31 - 1, 'flattening the disk')
  ended.catch(() => undefined) // awaited below; a command may fail first
  await qmp.execute('block-stream', { 'job-id': job, device: 'disk0', 'on-error': 'report' })
  const cancel = () => void qmp.execute('block-job-cancel', { device: job }).catch(() => undefined) // over already
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    for (;;) {
      const end = await Promise.race([ended, sleep(pollMs, null)])
      if (end !== null) break
      const found = asArray(await qmp.execute('query-block-jobs')).map(asObject).find((each) => each['device'] === job)
      const length = asNumber(found?.['len']) ?? 0
      if (length > 0) progress((asNumber(found?.['offset']) ?? 0) / length)
    }
    const { name, data } = await ended
    signal?.throwIfAborted()
    const error = asString(data['error'])
    if (name !== 'BLOCK_JOB_COMPLETED' || error !== null) throw new EngineFault('disk', `The disk could not be flattened: ${error ?? 'it was cancelled'}`, { remedy: makeRoom })
  } finally {
    signal?.removeEventListener('abort', cancel)
  }
}
