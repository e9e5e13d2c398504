import { createWriteStream, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineFault } from '../../engine/engine.ts'
import { asObject, asString } from '../../engine/qemu/json.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'
import { checkSocketPath } from './layout.ts'

/**
 * What is written. devices: everything of the machine except memory that QEMU shares with a file (`x-ignore-shared`), a few
 * MiB. whole: memory too, in QEMU's own form.
 */
export type DeviceStateKind = 'devices' | 'whole'

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
  const written = new Promise<void>((resolve, reject) => {
    server.once('connection', (socket) => pipeline(socket, createWriteStream(path, { flags: 'wx', mode: 0o600, highWaterMark: 1 << 20 })).then(resolve, reject))
  })
  let writeFailure: unknown = null
  written.catch((error: unknown) => (writeFailure = error))
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socketPath, resolve))
  try {
    await qmp.execute('migrate', { uri: `unix:${socketPath}` })
    for (;;) {
      const state = asObject(await qmp.execute('query-migrate'))
      if (state['status'] === 'completed') break
      if (writeFailure !== null) throw new EngineFault('disk', `${path} could not be written: ${String(writeFailure)}`, { cause: writeFailure, remedy: 'Make room on that file system, then save again.' })
      if (state['status'] === 'failed' || state['status'] === 'cancelled') {
        signal?.throwIfAborted()
        throw new EngineFault('qemu', `QEMU could not save the machine: ${asString(state['error-desc']) ?? 'no reason given'}`)
      }
      if (signal?.aborted === true) await qmp.execute('migrate_cancel')
      await sleep(3)
    }
    await written
  } finally {
    server.close()
    rmSync(socketPath, { force: true })
  }
}
