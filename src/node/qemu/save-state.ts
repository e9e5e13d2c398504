import { existsSync, mkdirSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { MachineSpec, SavedReport, SaveStateRequest } from '../../engine/engine.ts'
import { asObject, asString } from '../../engine/qemu/json.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'
import { syncAside, writeFileAtomicSync } from '../file/atomic.ts'
import { prepareDeviceState, writeDeviceState } from './device-state.ts'
import { deleteDiskSnapshot, takeDiskSnapshot } from './disk-snapshot.ts'
import { unlessFull } from './no-room.ts'
import { openedRamFile } from './ram-file.ts'
import { runAgain } from './run-again.ts'
import type { PluggedDevice } from './run-record.ts'
import type { SavedStateManifest } from './saved-state.ts'
import { demandRoom, keepPicture } from './saved-files.ts'
import { copySparsely } from './sparse-copy.ts'

export interface StateSource {
  readonly qmp: QmpSession
  readonly spec: MachineSpec
  readonly plugged: readonly PluggedDevice[]
  readonly pid: number
  /** The name its shared memory has among QEMU's open files; null when the memory is QEMU's own. */
  readonly sharedRam: string | null
  /** Where sockets and scratch files may be made. */
  readonly scratch: string
  readonly screenshotPng: boolean
  readonly version: string
  readonly key: string
}

/**
 * Writes a running or paused machine into `request.directory`, which must not exist: see saved-state.ts. While the guest
 * stands still its disk is marked (`diskSnapshot`), device state and memory are written, and others are waited for;
 * checksums and fsync come after it runs again. After a failure nothing is left and the guest is as it was.
 */
export async function saveMachineState(source: StateSource, request: SaveStateRequest): Promise<SavedReport> {
  const { qmp, spec } = source
  const { directory, diskSnapshot, signal } = request
  const ram = source.sharedRam === null ? null : openedRamFile(source.pid, source.sharedRam)
  demandRoom('Saving', dirname(directory), ram === null ? spec.memoryMiB * 1048576 : statSync(ram).blocks * 512)
  mkdirSync(directory, { mode: 0o700 })
  let marked = false
  let wasRunning = true
  try {
    const screen = await keepPicture(source.qmp, source.scratch, source.screenshotPng, directory)
    wasRunning = asString(asObject(await qmp.execute('query-status'))['status']) === 'running'
    await prepareDeviceState(qmp, ram === null ? 'whole' : 'devices')
    signal?.throwIfAborted()
    await request.gates?.ready()
    const begun = performance.now()
    await qmp.execute('stop')
    const pausedAtMs = performance.timeOrigin + performance.now()
    try {
      await request.gates?.paused()
      if (diskSnapshot !== null) {
        await takeDiskSnapshot(qmp, diskSnapshot)
        marked = true
      }
      const device = writeDeviceState(qmp, join(source.scratch, 'mig'), join(directory, 'device.state'), signal)
      const copied = ram === null ? [] : [copySparsely(ram, join(directory, 'ram.img'), { background: false, ...(signal === undefined ? {} : { signal }) })]
      await allSettledOrThrow([device, ...copied])
      await request.gates?.written()
    } catch (error) {
      await runAgain(qmp, wasRunning)
      throw error
    }
    if (request.afterwards === 'run') await runAgain(qmp, wasRunning)
    const pausedMs = Math.round(performance.now() - begun)
    await writeManifest(source, directory, wasRunning, screen)
    return { pausedMs, pausedAtMs, wasRunning, screen }
  } catch (error) {
    const told = unlessFull(error, dirname(directory), 'The saved machine')
    await rm(directory, { recursive: true, force: true }) // first: to forget a mark, QEMU needs room, too
    if (marked) await deleteDiskSnapshot(qmp, diskSnapshot ?? '').catch(() => undefined) // swept with the request's journal
    if (request.afterwards === 'stand' && wasRunning) await runAgain(qmp, wasRunning).catch(() => undefined) // it runs already unless the last step failed
    throw told
  }
}

/** Both end before a failure of one is told: neither must write any more when what was written is removed. */
async function allSettledOrThrow(work: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) if (outcome.status === 'rejected') throw outcome.reason
}

async function writeManifest(source: StateSource, directory: string, wasRunning: boolean, screen: SavedStateManifest['screen']): Promise<void> {
  const at = (name: string) => join(directory, name)
  const bytesOf = (name: string) => statSync(at(name)).size
  const manifest: SavedStateManifest = {
    form: 1,
    key: source.key,
    engineVersion: source.version,
    savedAt: new Date().toISOString(),
    spec: source.spec,
    plugged: [...source.plugged],
    wasRunning,
    ram: existsSync(at('ram.img')) ? { name: 'ram.img', bytes: bytesOf('ram.img') } : null,
    deviceState: { name: 'device.state', bytes: bytesOf('device.state') },
    screen,
  }
  await Promise.all(['ram.img', 'device.state'].map(at).filter((path) => existsSync(path)).map(syncAside))
  writeFileAtomicSync(at('manifest.json'), JSON.stringify(manifest, null, 2), { durable: true })
}
