import { createWriteStream, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeRoom } from '../../contract/disk-full.ts'
import { reasonOf } from '../../contract/refusal.ts'
import { EngineFault } from '../../engine/engine.ts'
import { asObject, asString } from '../../engine/qemu/json.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'
import { checkSocketPath } from './layout.ts'

/**
 * What is written. devices: everything of the machine except memory that QEMU shares with a file (`x-ignore-shared`), a few
 * MiB. whole: memory too, in QEMU's own form.
 */
export type DeviceStateKind = 'devices' | 'whole'

/** When QEMU has given up: it may not even have connected. */
const writtenTimeoutMs = 1_000

/** Makes QEMU ready to write its state. After one migration it takes another only from a machine that ran in between. */
export async function prepareDeviceState(qmp: QmpSession, kind: DeviceStateKind): Promise<void> {
  if (asString(asObject(await qmp.execute('query-status'))['status']) === 'postmigrate') await qmp.execute('cont')
  await qmp.execute('migrate-set-capabilities', { capabilities: [{ capability: 'x-ignore-shared', state: kind === 'devices' }] })
  await qmp.execute('migrate-set-parameters', { 'max-bandwidth': 2 ** 40 })
}

/**
 * Writes the state of a paused machine to `path`, which must not exist. Migrates into a unix socket of ours (`socketPath`):
 * `exec:` would need to start programs, which the sandbox forbids. QEMU lets go of its disks meanwhile and takes them again
 * with `cont`.
 */
export async function writeDeviceState(qmp: QmpSession, socketPath: string, path: string, signal?: AbortSignal): Promise<void> {
  checkSocketPath(socketPath)
  rmSync(socketPath, { force: true })
  const server = createServer()
  const written = new Promise<EngineFault | null>((resolve) => {
    const failed = (cause: unknown) => resolve(new EngineFault('disk', `${path} could not be written: ${reasonOf(cause)}`, { cause, remedy: makeRoom }))
    server.once('connection', (socket) => pipeline(socket, createWriteStream(path, { flags: 'wx', mode: 0o600, highWaterMark: 1 << 20 })).then(() => resolve(null), failed))
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socketPath, resolve))
  try {
    await qmp.execute('migrate', { uri: `unix:${socketPath}` })
    for (;;) {
      const state = asObject(await qmp.execute('query-migrate'))
      if (state['status'] === 'completed') break
      if (state['status'] === 'failed' || state['status'] === 'cancelled') {
        signal?.throwIfAborted()
        // A file that could not be written ended it: QEMU only knows that nobody takes its state any more.
        const failure = await Promise.race([written, sleep(writtenTimeoutMs, null)])
        throw failure ?? new EngineFault('qemu', `QEMU could not save the machine: ${asString(state['error-desc']) ?? 'no reason given'}`)
      }
      if (signal?.aborted === true) await qmp.execute('migrate_cancel')
      await sleep(3)
    }
    const failure = await written
    if (failure !== null) throw failure
  } finally {
    server.close()
    rmSync(socketPath, { force: true })
  }
}
