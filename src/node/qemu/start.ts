import { closeSync, openSync, rmSync } from 'node:fs'
import { EngineFault, type MachineSpec, type StartOptions } from '../../engine/engine.ts'
import { commandLine, type RunPaths } from '../../engine/qemu/command-line.ts'
import { asObject, asString } from '../../engine/qemu/json.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'
import type { CpuCapPort } from '../cgroup/cpu-cap.ts'
import { signalProcess, waitGone } from '../process/process-identity.ts'
import { placeDisk } from './disk-place.ts'
import { firmwareFiles } from './firmware.ts'
import { checkFiles, endingWithin, launch, openQmp, startFault, type Launched } from './launch.ts'
import { checkSocketPath, type RunLayout } from './layout.ts'
import { QemuMachine, type MachineParts } from './machine.ts'
import type { QemuProbe } from './probe.ts'
import { ramFilePath } from './ram-file.ts'
import { claimRunDirectory, removeRunFiles } from './run-directory.ts'
import { writeRunRecord, type RunRecord } from './run-record.ts'
import { readWarmState, type WarmState } from './warm-manifest.ts'
import { makeSpare, sweepSpares, takeSpare, type Spare } from './warm-spare.ts'

export interface StartContext {
  readonly layout: RunLayout
  readonly probe: QemuProbe
  readonly cpuCap: CpuCapPort
  readonly warmKey: string
  readonly cacheDirectory: string
  readonly onSaved: MachineParts['onSaved']
}

const loadTimeoutMs = 60_000

/** One start, from nothing to a machine whose guest runs. On any failure everything made on the way is undone. */
export async function startMachine(spec: MachineSpec, options: StartOptions, context: StartContext): Promise<QemuMachine> {
  const { layout, probe, cpuCap } = context
  options.signal?.throwIfAborted()
  for (const nic of spec.nics) if (nic.kind === 'switch') checkSocketPath(nic.socketPath)
  checkFiles(spec, options.from.kind === 'warm')
  const warm = options.from.kind === 'warm' ? readWarmState(options.from.directory, context.warmKey) : null
  await claimRunDirectory(layout, cpuCap)
  const undo: (() => void)[] = []
  let record: RunRecord = { form: 1, spec, process: null, boot: warm === null ? 'cold' : 'warm', ramPath: null, savable: options.from.kind === 'savable', startedAtMs: Date.now() }
  undo.push(() => removeRunFiles(layout, record, cpuCap))
  let launched: Launched | null = null
  try {
    const spare = warm === null ? null : await spareOf(warm)
    if (spare !== null) undo.push(() => rmSync(spare.directory, { recursive: true, force: true }))
    record = { ...record, ramPath: spare?.ram ?? (record.savable ? ramFilePath(spec, context.cacheDirectory) : null) }
    const placed = spare === null ? null : placeDisk(spare.overlay, spec.diskPath)
    if (placed !== null) undo.push(placed.undo)
    writeRunRecord(layout, record)
    const args = commandLine(spec, runPaths(spec, record, layout, warm !== null), probe.features, probe.accelerator.kind)
    launched = await withDeviceState(warm, (inherit) => launch(probe.binary, args, layout, spec, inherit))
    const process = launched.process
    record = { ...record, process }
    writeRunRecord(layout, record)
    const qmp = await openQmp(launched, layout, spec, options.signal)
    await running(qmp, launched, warm !== null, layout, spec)
    if (record.ramPath !== null) rmSync(record.ramPath, { force: true })
    if (spare !== null) rmSync(spare.directory, { recursive: true, force: true })
    placed?.keep()
    options.signal?.throwIfAborted()
    const done = record
    const parts: MachineParts = { record: { ...done, process }, layout, qmp, child: launched.child, probe, cpuCap, warmKey: context.warmKey, onSaved: context.onSaved, cleanUp: () => removeRunFiles(layout, done, cpuCap) }
    return new QemuMachine(parts)
  } catch (error) {
    if (launched !== null) {
      signalProcess(launched.process, 'SIGKILL')
      await waitGone(launched.process, 5_000)
    }
    for (const step of undo.toReversed()) step()
    throw error
  }
}

/** Until QEMU greets (cold) or the loaded guest runs (warm). All commands go out at once: QEMU takes them in order. */
async function running(qmp: QmpSession, launched: Launched, warm: boolean, layout: RunLayout, spec: MachineSpec): Promise<void> {
  try {
    if (!warm) {
      await qmp.execute('query-status')
      return
    }
    const loaded = qmp.event(({ name, data }) => name === 'MIGRATION' && data['status'] === 'completed', loadTimeoutMs, 'loading the warm state')
    loaded.catch(() => undefined) // an error of the two commands says more
    const capabilities = ['x-ignore-shared', 'events'].map((capability) => ({ capability, state: true }))
    await Promise.all([qmp.execute('migrate-set-capabilities', { capabilities }), qmp.execute('migrate-incoming', { uri: `fd:${deviceStateDescriptor}` })])
    await loaded
    // The state was saved while paused, and is loaded so.
    await qmp.execute('cont')
  } catch (cause) {
    const status = await qmp.execute('query-status', undefined, 1_000).catch(() => null)
    qmp.close()
    const ending = await endingWithin(launched.child, status === null ? 2_000 : 0)
    if (ending !== null) throw startFault(spec, layout, ending, cause)
    const state = asString(asObject(status)['status']) ?? 'no answer'
    throw new EngineFault('qemu', `QEMU did not bring ${spec.name} to run (${state}): ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** The device state is handed down opened, as descriptor 3: no path, no extra process, and nothing for the sandbox to refuse. */
const deviceStateDescriptor = 3

async function withDeviceState<T>(warm: WarmState | null, use: (inherit: readonly number[]) => Promise<T>): Promise<T> {
  if (warm === null) return use([])
  const descriptor = openSync(warm.deviceState, 'r')
  try {
    return await use([descriptor])
  } finally {
    closeSync(descriptor)
  }
}

async function spareOf(warm: WarmState): Promise<Spare> {
  sweepSpares(warm)
  const ready = takeSpare(warm)
  if (ready !== null) return ready
  await makeSpare(warm, { background: false })
  const made = takeSpare(warm)
  if (made === null) throw new EngineFault('warm', `The copy of the warm state in ${warm.directory} was taken by another start`, { remedy: 'Start again.' })
  return made
}

function runPaths(spec: MachineSpec, record: RunRecord, layout: RunLayout, warm: boolean): RunPaths {
  return {
    qmp: layout.qmp,
    agent: layout.agent,
    screen: layout.screen,
    serial: layout.serial,
    pid: layout.pid,
    ram: record.ramPath === null ? { kind: 'anonymous' } : { kind: 'file', path: record.ramPath, share: record.savable },
    firmware: firmwareFiles(spec),
    incoming: warm,
  }
}
