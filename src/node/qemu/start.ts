import { closeSync, openSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { EngineFault, type MachineSpec, type StartOptions } from '../../engine/engine.ts'
import { commandLine, type RunPaths } from '../../engine/qemu/command-line.ts'
import { asObject, asString } from '../../engine/qemu/json.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'
import type { CpuCapPort } from '../cgroup/cpu-cap.ts'
import { signalProcess, waitGone } from '../process/process-identity.ts'
import { clonedSpec, openTemplateMemory, placeFirmware, type TemplateMemory } from './clone-start.ts'
import { checkDiscs } from './disc.ts'
import { placeDisk } from './disk-place.ts'
import { firmwareFiles } from './firmware.ts'
import { plugCards } from './hotplug.ts'
import { checkFiles, endingWithin, hasKernelFiles, launch, openQmp, startFault, type Launched } from './launch.ts'
import { checkSocketPath, type RunLayout } from './layout.ts'
import { QemuMachine, type MachineParts } from './machine.ts'
import type { QemuProbe } from './probe.ts'
import { fillMemory, planMemory, pluggedArguments, restoredSpec } from './restore.ts'
import { claimRunDirectory, removeMemory, removeRunFiles } from './run-directory.ts'
import { writeRunRecord, type RunRecord } from './run-record.ts'
import { demandSameMachine, readSavedState, type SavedState } from './saved-state.ts'
import { startTpm } from './tpm.ts'
import { readWarmState, type WarmState } from './warm-manifest.ts'
import { makeSpare, standsOn, sweepSpares, takeSpare, type Spare } from './warm-spare.ts'

export interface StartContext {
  readonly layout: RunLayout
  readonly probe: QemuProbe
  readonly cpuCap: CpuCapPort
  /** What `Engine.warmKey` says of the machine asked for, and of any. */
  readonly warmKey: string
  readonly keyOf: (spec: MachineSpec) => string
  readonly cacheDirectory: string
  readonly onSaved: MachineParts['onSaved']
}

const loadTimeoutMs = 60_000

/** What a run begins from, read and checked. `device`: where its device state is; null for a power-on. */
type Origin =
  | { readonly kind: 'cold' | 'savable'; readonly device: null }
  | { readonly kind: 'warm'; readonly device: string; readonly state: WarmState }
  | { readonly kind: 'restored' | 'cloned'; readonly device: string; readonly state: SavedState }

/** One start, from nothing to a machine whose guest runs. On any failure everything made on the way is undone. */
export async function startMachine(asked: MachineSpec, options: StartOptions, context: StartContext): Promise<QemuMachine> {
  const { layout, probe, cpuCap } = context
  options.signal?.throwIfAborted()
  const origin = originOf(options.from, context)
  const spec = origin.kind === 'restored' ? restoredSpec(origin.state, asked) : origin.kind === 'cloned' ? clonedSpec(origin.state, asked) : asked
  for (const nic of spec.nics) if (nic.kind === 'switch') checkSocketPath(nic.socketPath)
  checkFiles(spec, origin.kind)
  checkDiscs(spec)
  await claimRunDirectory(layout, cpuCap)
  const undo: (() => void | Promise<void>)[] = []
  const plugged = origin.device === null ? [] : origin.state.manifest.plugged
  let record: RunRecord = { form: 1, spec, process: null, boot: origin.device === null ? 'cold' : origin.kind, ramPath: null, savable: origin.kind === 'savable', memory: 'unnamed', plugged, startedAtMs: Date.now() }
  undo.push(() => removeRunFiles(layout, record, cpuCap))
  let launched: Launched | null = null
  let memory: TemplateMemory | null = null
  try {
    const spare = origin.kind === 'warm' ? await spareOf(origin.state) : null
    if (spare !== null) undo.push(() => rmSync(spare.directory, { recursive: true, force: true }))
    if (spare !== null) record = { ...record, ramPath: spare.ram, memory: 'private' }
    if (origin.kind === 'cloned') {
      placeFirmware(origin.state.directory, spec.diskPath)
      record = { ...record, memory: 'private' }
    }
    if (origin.kind === 'restored') record = { ...record, ...planMemory(origin.state, spec, context.cacheDirectory) }
    const placed = spare === null ? null : placeDisk(spare.overlay, spec.diskPath)
    if (placed !== null) undo.push(placed.undo)
    if (origin.device !== null) record = { ...record, loading: true }
    writeRunRecord(layout, record)
    if (origin.kind === 'restored') await fillMemory(origin.state, record.ramPath, options.signal)
    const tpm = await startTpm(spec, layout)
    const paths = { ...runPaths(spec, record, layout, origin.device !== null), kernelAgain: origin.kind === 'restored' && hasKernelFiles(spec), ...(tpm === null ? {} : { tpm }) }
    if (origin.kind === 'cloned') {
      memory = openTemplateMemory(origin.state, probe.features)
      undo.push(memory.opened)
    }
    const args = [...commandLine(spec, memory === null ? paths : { ...paths, ram: memory.ram, cards: 'later' }, probe.features, probe.accelerator.kind), ...pluggedArguments(plugged)]
    launched = await withDeviceState(origin.device, (inherit) => launch(probe.binary, args, layout, spec, inherit))
    const process = launched.process
    record = { ...record, process }
    writeRunRecord(layout, record)
    const qmp = await openQmp(launched, layout, spec, options.signal)
    memory?.opened()
    const beforeRunning = origin.kind === 'cloned' ? () => plugCards(qmp, spec, probe) : options.beforeRunning
    await running(qmp, launched, origin, layout, spec, beforeRunning)
    if (record.ramPath !== null) rmSync(record.ramPath, { force: true })
    if (spare !== null) rmSync(spare.directory, { recursive: true, force: true })
    if (origin.kind !== 'restored') options.signal?.throwIfAborted() // what was restored has run: its saved state is used up
    await placed?.keep()
    const { loading: _over, ...done } = record
    if (record.loading === true) writeRunRecord(layout, done)
    const parts: MachineParts = { record: { ...done, process }, layout, qmp, child: launched.child, probe, cpuCap, onSaved: context.onSaved, cleanUp: () => removeRunFiles(layout, done, cpuCap) }
    return new QemuMachine(parts)
  } catch (error) {
    if (launched !== null) {
      signalProcess(launched.process, 'SIGKILL')
      await waitGone(launched.process, 5_000)
    }
    await removeMemory(record)
    for (const step of undo.toReversed()) await step()
    throw error
  }
}

function originOf(from: StartOptions['from'], { warmKey, keyOf }: StartContext): Origin {
  if (from.kind === 'warm') {
    const state = readWarmState(from.directory, warmKey)
    return { kind: 'warm', device: state.deviceState, state }
  }
  if (from.kind !== 'restored' && from.kind !== 'cloned') return { kind: from.kind, device: null }
  const state = readSavedState(from.directory)
  demandSameMachine(state, keyOf(state.manifest.spec))
  return { kind: from.kind, device: state.deviceState, state }
}

/** Until QEMU greets (power-on) or the loaded guest runs. All commands go out at once: QEMU takes them in order. */
async function running(qmp: QmpSession, launched: Launched, origin: Origin, layout: RunLayout, spec: MachineSpec, beforeRunning: StartOptions['beforeRunning']): Promise<void> {
  try {
    if (origin.device === null) {
      await qmp.execute('query-status')
      return
    }
    const loaded = qmp.event(({ name, data }) => name === 'MIGRATION' && ['completed', 'failed'].includes(asString(data['status']) ?? ''), loadTimeoutMs, 'loading the saved state')
    loaded.catch(() => undefined) // an error of the two commands says more
    const whole = origin.kind === 'restored' && origin.state.ram === null
    const capabilities = [{ capability: 'x-ignore-shared', state: !whole }, { capability: 'events', state: true }]
    await Promise.all([qmp.execute('migrate-set-capabilities', { capabilities }), qmp.execute('migrate-incoming', { uri: `fd:${deviceStateDescriptor}` })])
    if ((await loaded).data['status'] === 'failed') throw new EngineFault('saved state', 'QEMU could not load it')
    await beforeRunning?.()
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

async function withDeviceState<T>(path: string | null, use: (inherit: readonly number[]) => Promise<T>): Promise<T> {
  if (path === null) return use([])
  const descriptor = openSync(path, 'r')
  try {
    return await use([descriptor])
  } finally {
    closeSync(descriptor)
  }
}

async function spareOf(warm: WarmState): Promise<Spare> {
  sweepSpares(warm)
  for (let ready = takeSpare(warm); ready !== null; ready = takeSpare(warm)) {
    if (await standsOn(ready, warm)) return ready
    await rm(ready.directory, { recursive: true, force: true })
  }
  await makeSpare(warm, { background: false })
  const made = takeSpare(warm)
  if (made === null) throw new EngineFault('warm', `The copy of the warm state in ${warm.directory} was taken by another start`, { remedy: 'Start again.' })
  return made
}

function runPaths(spec: MachineSpec, record: RunRecord, layout: RunLayout, incoming: boolean): RunPaths {
  return {
    qmp: layout.qmp,
    agent: layout.agent,
    screen: layout.screen,
    serial: layout.serial,
    pid: layout.pid,
    ram: record.ramPath === null ? { kind: 'unnamed' } : { kind: 'file', path: record.ramPath, share: record.memory === 'file' },
    firmware: firmwareFiles(spec),
    incoming,
  }
}
