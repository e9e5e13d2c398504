import { setTimeout as sleep } from 'node:timers/promises'
import { makeRoom } from '../../contract/disk-full.ts'
import { EngineFault } from '../../engine/engine.ts'
import { asArray, asNumber, asObject, asString } from '../../engine/qemu/json.ts'
import type { QmpEvent, QmpSession } from '../../engine/qemu/qmp-session.ts'

/** What a job and its copy are called inside QEMU: one of each name at a time. */
export interface MirrorNames {
  readonly job: string
  readonly node: string
}

const templateNames: MirrorNames = { job: 'template', node: 'template0' }

const pollMs = 100
const finishTimeoutMs = 30_000

/**
 * Copies a running machine's disk into `path` (a qcow2 that is there already) and follows its writes, until `finish` lets go
 * of the copy at an instant of the caller's choosing: the storage part of a live migration (QEMU, docs/interop/
 * live-block-operations.rst, `blockdev-mirror`). The machine goes on using its own disk throughout.
 */
export class DiskMirror {
  readonly #qmp: QmpSession
  readonly #path: string
  readonly #names: MirrorNames
  readonly #ended: Promise<QmpEvent>
  #over = false

  private constructor(qmp: QmpSession, path: string, names: MirrorNames) {
    this.#qmp = qmp
    this.#path = path
    this.#names = names
    this.#ended = qmp.event(({ name, data }) => ['BLOCK_JOB_COMPLETED', 'BLOCK_JOB_CANCELLED'].includes(name) && data['device'] === names.job, 2 ** 31 - 1, 'the end of the disk’s copy')
    this.#ended.catch(() => undefined) // the connection's end is told to whoever waits
    void this.#ended.then(
      () => (this.#over = true),
      () => (this.#over = true),
    )
  }

  /** `top` copies what is in the disk itself and not what it stands on: the copy must stand on the same. */
  static async begin(qmp: QmpSession, path: string, sync: 'full' | 'top', names = templateNames): Promise<DiskMirror> {
    await qmp.execute('blockdev-add', { driver: 'qcow2', 'node-name': names.node, discard: 'unmap', 'detect-zeroes': 'unmap', file: { driver: 'file', filename: path } })
    const mirror = new DiskMirror(qmp, path, names)
    try {
      await qmp.execute('blockdev-mirror', { 'job-id': names.job, device: 'disk0', target: names.node, sync })
    } catch (error) {
      await removeNode(qmp, names)
      throw error
    }
    return mirror
  }

  /** Until copy and disk are the same but for what is being written this moment. */
  async ready(progress: (fraction: number) => void, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      signal?.throwIfAborted()
      if (this.#over) throw await this.#failure()
      const job = asArray(await this.#qmp.execute('query-block-jobs')).map(asObject).find((each) => each['device'] === this.#names.job)
      if (job?.['ready'] === true) return
      const length = asNumber(job?.['len']) ?? 0
      if (length > 0) progress((asNumber(job?.['offset']) ?? 0) / length)
      await Promise.race([this.#ended.catch(() => undefined), sleep(pollMs)])
    }
  }

  /** The copy is the disk as it is now (the machine stands still), and QEMU lets go of it. */
  async finish(): Promise<void> {
    await this.#qmp.execute('block-job-cancel', { device: this.#names.job })
    await Promise.race([this.#ended, sleep(finishTimeoutMs, undefined, { ref: false })])
    if (!this.#over) throw new EngineFault('disk', `The copy of the disk in ${this.#path} did not end within ${finishTimeoutMs} ms`)
    if ((await this.#ended).name !== 'BLOCK_JOB_COMPLETED' || asString((await this.#ended).data['error']) !== null) throw await this.#failure()
    await removeNode(this.#qmp, this.#names)
  }

  /** Ends it whatever its state; the copy is worth nothing then. */
  abandon(): Promise<void> {
    return abandonMirror(this.#qmp, this.#names)
  }

  async #failure(): Promise<EngineFault> {
    const reason = await this.#ended.then(
      ({ data }) => asString(data['error']) ?? 'it was cancelled',
      (error: unknown) => String(error),
    )
    return new EngineFault('disk', `The disk could not be copied to ${this.#path}: ${reason}`, { remedy: makeRoom })
  }
}

/** Also for what a killed host had begun. */
export async function abandonMirror(qmp: QmpSession, names = templateNames): Promise<void> {
  await qmp.execute('block-job-cancel', { device: names.job, force: true }).catch(() => undefined) // there may be none
  for (let tries = 0; tries < 100; tries += 1) {
    const jobs = asArray(await qmp.execute('query-block-jobs')).map(asObject)
    if (!jobs.some((job) => job['device'] === names.job)) break
    await sleep(pollMs)
  }
  await removeNode(qmp, names)
}

async function removeNode(qmp: QmpSession, names: MirrorNames): Promise<void> {
  await qmp.execute('blockdev-del', { 'node-name': names.node }).catch(() => undefined) // gone already
}
