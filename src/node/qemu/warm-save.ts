import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { EngineFault, type MachineSpec } from '../../engine/engine.ts'
import { asArray, asObject, asString, parseJson } from '../../engine/qemu/json.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'
import { syncAside, writeFileAtomicSync } from '../file/atomic.ts'
import { sha256Of } from '../file/digest.ts'
import { runProgram } from '../process/run-program.ts'
import { prepareDeviceState, writeDeviceState } from './device-state.ts'
import { keptDisks } from './kept-disk.ts'
import { openedRamFile } from './ram-file.ts'
import type { PluggedDevice } from './run-record.ts'
import { runAgain } from './run-again.ts'
import { copySparsely } from './sparse-copy.ts'
import { newDirectoryName, replaceDirectory, sweepDirectory } from './warm-directory.ts'
import { disksDirectory, type WarmManifest } from './warm-manifest.ts'

export interface SaveRequest {
  readonly qmp: QmpSession
  readonly spec: MachineSpec
  readonly plugged: readonly PluggedDevice[]
  readonly pid: number
  /** The name the machine's memory file had. */
  readonly ramPath: string
  readonly directory: string
  /** Where a socket may be made. */
  readonly scratch: string
  readonly version: string
  readonly warmKey: string
}

/**
 * Writes the warm state of a paused-for-it machine into `directory`, replacing an older one in one step:
 * device state by migration with `x-ignore-shared` (a few MiB), memory as a sparse copy of its file, the disk as a copy
 * of its overlay. Only these happen while the guest stands still; checksums and fsync come after it runs again.
 */
export async function saveWarmState(request: SaveRequest): Promise<{ pausedMs: number }> {
  const { qmp, spec, directory } = request
  sweepDirectory(directory)
  const making = newDirectoryName(directory)
  const disks = disksDirectory(directory)
  const diskName = `disk-${randomBytes(8).toString('hex')}.qcow2`
  for (const path of [making, disks]) mkdirSync(path, { recursive: true, mode: 0o700 })
  const disk = join(disks, diskName)
  try {
    const ram = openedRamFile(request.pid, request.ramPath)
    const before = await chainOf(spec.diskPath)
    const status = asString(asObject(await qmp.execute('query-status'))['status'])
    const wasRunning = status === 'running'
    await prepareDeviceState(qmp, 'devices')
    const start = performance.now()
    await qmp.execute('stop')
    try {
      await writeDeviceState(qmp, join(request.scratch, 'mig'), join(making, 'device.state'))
      await Promise.all([copySparsely(ram, join(making, 'ram.img'), { background: false }), copySparsely(spec.diskPath, disk, { background: false })])
    } finally {
      // Also after a failure: the guest must not stay paused because its state could not be written.
      if (wasRunning) await runAgain(qmp, wasRunning)
    }
    const pausedMs = Math.round(performance.now() - start)
    await keepBacking(before, disk)
    await writeManifest(making, disk, diskName, request)
    replaceDirectory(making, directory)
    await dropUnusedDisks(disks, [disk, spec.diskPath, `${spec.diskPath}.previous`, ...keptDisks(dirname(spec.diskPath))])
    return { pausedMs }
  } catch (error) {
    for (const path of [making, disk]) rmSync(path, { recursive: true, force: true })
    throw error
  }
}

async function writeManifest(making: string, disk: string, diskName: string, request: SaveRequest): Promise<void> {
  const file = async (path: string) => ({ bytes: statSync(path).size, sha256: await sha256Of(path) })
  const manifest: WarmManifest = {
    form: 1,
    warmKey: request.warmKey,
    qemuVersion: request.version,
    savedAt: new Date().toISOString(),
    memoryMiB: request.spec.memoryMiB,
    plugged: [...request.plugged],
    ram: { name: 'ram.img', bytes: statSync(join(making, 'ram.img')).size },
    deviceState: { name: 'device.state', ...(await file(join(making, 'device.state'))) },
    disk: { name: diskName, ...(await file(disk)) },
  }
  await Promise.all([join(making, 'ram.img'), join(making, 'device.state'), disk, dirname(disk)].map(syncAside))
  writeFileAtomicSync(join(making, 'manifest.json'), JSON.stringify(manifest, null, 2), { durable: true })
}

interface ChainLink {
  readonly path: string
  readonly backing: { readonly written: string; readonly path: string; readonly format: string } | null
}

/** The image and the files it stands on (`qemu-img info --backing-chain`); -U because QEMU has them open. */
async function chainOf(path: string): Promise<ChainLink[]> {
  if (!existsSync(path)) return []
  const result = await runProgram('qemu-img', ['info', '-U', '--backing-chain', '--output=json', path])
  if (result.exitCode !== 0) throw new EngineFault('disk', `${path} cannot be read: ${result.stderr.trim()}`)
  return asArray(parseJson(result.stdout)).map((entry) => {
    const image = asObject(entry)
    const written = asString(image['backing-filename'])
    const backing = written === null ? null : { written, path: asString(image['full-backing-filename']) ?? written, format: asString(image['backing-filename-format']) ?? 'qcow2' }
    return { path: asString(image['filename']) ?? '', backing }
  })
}

/** A backing file named relative to the image would be looked for beside the copy: name it in full there. */
async function keepBacking([image]: readonly ChainLink[], copy: string): Promise<void> {
  const backing = image?.backing
  if (backing === undefined || backing === null || backing.written === backing.path) return
  const result = await runProgram('qemu-img', ['rebase', '-u', '-f', 'qcow2', '-F', backing.format, '-b', backing.path, copy])
  if (result.exitCode !== 0) throw new EngineFault('disk', `${copy} could not be tied to ${backing.path}: ${result.stderr.trim()}`)
}

/** Removes frozen disks that no image of `inUse` stands on. */
async function dropUnusedDisks(disks: string, inUse: readonly string[]): Promise<void> {
  const chains = await Promise.all(inUse.map(chainOf)).catch(() => null)
  if (chains === null) return // a chain that cannot be read may stand on any of them
  const used = new Set(chains.flat().flatMap(({ path, backing }) => [path, backing?.path ?? '']))
  for (const name of readdirSync(disks)) {
    if (/^disk-[0-9a-f]{16}\.qcow2$/.test(name) && !used.has(join(disks, name))) rmSync(join(disks, name), { force: true })
  }
}
