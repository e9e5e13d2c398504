import { once } from 'node:events'
import type { ChildProcess } from 'node:child_process'
import type { ClipboardMode } from '../../contract/guest.ts'
import type { MacAddress, NetworkName } from '../../contract/names.ts'
import { Refusal } from '../../contract/refusal.ts'
import type { GuestAgent } from '../../engine/agent.ts'
import { EngineFault, type BalloonReading, type CpuWeightReading, type DiskCopy, type DiskLimits, type Machine, type MachineEvent, type MachineNic, type MachineSpec, type MachineStatus, type MachineUsage, type SavedReport, type SaveStateRequest, type TemplateReport, type TemplateRequest, type VcpuReading } from '../../engine/engine.ts'
import { qemuGuestAgent } from '../../engine/qemu/guest-agent.ts'
import { asObject, asString } from '../../engine/qemu/json.ts'
import { machineEvent, machineStatus, shutdownReason } from '../../engine/qemu/machine-event.ts'
import { cardId } from '../../engine/qemu/network-card.ts'
import { hasBalloon } from '../../engine/qemu/profile.ts'
import type { QmpEvent, QmpSession } from '../../engine/qemu/qmp-session.ts'
import type { CpuCapPort } from '../cgroup/cpu-cap.ts'
import { readTail } from '../file/tail.ts'
import { signalProcess, waitGone, type ProcessIdentity } from '../process/process-identity.ts'
import { plugClipboard, withoutClipboard } from './clipboard.ts'
import { changeDisc } from './disc.ts'
import { flattenDisk } from './disk-flatten.ts'
import { deleteDiskSnapshot, takeDiskSnapshot } from './disk-snapshot.ts'
import { watchExit, type ProcessExit } from './exit-watch.ts'
import type { RunLayout } from './layout.ts'
import { hardwareKey } from './hardware-key.ts'
import { plugCard } from './hotplug.ts'
import { MachineChannels } from './machine-channels.ts'
import { MachineResources } from './machine-resources.ts'
import type { QemuProbe } from './probe.ts'
import { reconnectNetwork } from './reconnect-network.ts'
import { resetMachine } from './reset.ts'
import { sharedRamName, writeRunRecord, type RunRecord } from './run-record.ts'
import { beginRunningCopy } from './running-disk-copy.ts'
import { saveMachineState } from './save-state.ts'
import { takeScreenshot } from './screenshot.ts'
import { incubatorsBeside } from './template-incubator.ts'
import { makeTemplateState, type TemplateSource } from './template-make.ts'
import { saveWarmState } from './warm-save.ts'

/** What a machine is made of once its QEMU answers; `child` only in the host that started it. */
export interface MachineParts {
  readonly record: RunRecord & { readonly process: ProcessIdentity }
  readonly layout: RunLayout
  readonly qmp: QmpSession
  readonly child: ChildProcess | null
  readonly probe: QemuProbe
  readonly cpuCap: CpuCapPort
  /** Called once when the process is gone, before `exited` is told: removes what the run left. */
  readonly cleanUp: () => void
  /** Told after each `save`. */
  readonly onSaved: (directory: string, warmKey: string) => void
}

const quitTimeoutMs = 15_000
const lostAfterMs = 2_000
const maximumBacklog = 500

/** One QEMU process. Owns its QMP, agent and serial connections; gone after `exited` or `dispose`. */
export class QemuMachine implements Machine {
  readonly agent: GuestAgent
  readonly #parts: MachineParts
  readonly #channels: MachineChannels
  readonly #resources: MachineResources
  readonly #listeners = new Set<(event: MachineEvent) => void>()
  readonly #watch: ReturnType<typeof watchExit>
  #spec: MachineSpec
  #awakened: boolean
  #standsLoaded: boolean
  #shutdown: string | null = null
  #gone = false
  #disposed = false
  #saving: Promise<unknown> = Promise.resolve()
  #copying = false
  /** What happened before anybody listened; null once somebody does. */
  #backlog: MachineEvent[] | null = []

  constructor(parts: MachineParts) {
    this.#parts = parts
    this.#spec = parts.record.spec
    this.#awakened = parts.record.awakened === true
    this.#standsLoaded = parts.record.loading === true
    this.#channels = new MachineChannels(parts.layout, (event) => this.#emit(event))
    this.agent = qemuGuestAgent(() => this.#channels.agent())
    const { record, qmp, probe, cpuCap: cpu } = parts
    this.#resources = new MachineResources({ spec: record.spec, pid: record.process.pid, qmp, agent: this.agent, probe, cpu })
    parts.qmp.subscribe((event) => this.#hear(event))
    this.#watch = watchExit(parts.record.process, parts.child, (exit) => this.#exited(exit))
    void parts.qmp.closed.then((reason) => this.#disconnected(reason))
    void this.#prepare()
  }

  get spec(): MachineSpec {
    return this.#spec
  }
  get startedAtMs(): number {
    return this.#parts.record.startedAtMs
  }
  get boot(): Machine['boot'] {
    return this.#parts.record.boot
  }
  get awakened(): boolean {
    return this.#awakened
  }
  noteAwakened(): void {
    this.#awakened = true
    this.#keepRecord()
  }
  get standsLoaded(): boolean {
    return this.#standsLoaded
  }
  get processId(): number {
    return this.#parts.record.process.pid
  }
  get screenSocketPath(): string {
    return this.#parts.layout.screen
  }
  get logPaths(): { serial: string; engine: string } {
    return this.#parts.layout.logs
  }

  subscribe(listener: (event: MachineEvent) => void): () => void {
    this.#listeners.add(listener)
    if (this.#listeners.size === 1) queueMicrotask(() => this.#tellBacklog())
    return () => this.#listeners.delete(listener)
  }

  async status(): Promise<MachineStatus> {
    if (this.#gone) return 'shutdown'
    const answer = asObject(await this.#parts.qmp.execute('query-status'))
    return machineStatus(asString(answer['status']) ?? 'paused')
  }
  async pause(): Promise<void> {
    await this.#saving
    await this.#parts.qmp.execute('stop')
  }
  async resume(): Promise<void> {
    await this.#saving
    await this.#parts.qmp.execute('cont')
    if (!this.#standsLoaded) return
    this.#standsLoaded = false
    this.#keepRecord()
  }
  async reset(): Promise<void> {
    await this.#saving
    await resetMachine(this.#parts.qmp, this.#spec, this.#parts.layout.directory)
  }
  async powerDown(): Promise<void> {
    await this.#saving
    await this.#parts.qmp.execute('system_powerdown')
  }

  async quit(): Promise<void> {
    const { process } = this.#parts.record
    this.#shutdown ??= 'Ended by Diptych.'
    // No answer is no fault here: whether the process goes is what counts.
    await this.#parts.qmp.execute('quit', undefined, 5_000).catch(() => undefined)
    if (!(await waitGone(process, quitTimeoutMs))) {
      signalProcess(process, 'SIGKILL')
      if (!(await waitGone(process, 5_000))) throw new EngineFault('qemu', `Process ${process.pid} of ${this.#spec.name} does not end, even killed`, { remedy: 'It hangs in the kernel, usually on a dead disk: look at the system log.' })
    }
    // Until our own child is reaped its number and its control group are still taken.
    const { child } = this.#parts
    if (child !== null && child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    this.#exited({ how: null })
  }

  async sendKeys(qcodes: readonly string[], holdMs: number): Promise<void> {
    await this.#parts.qmp.execute('send-key', { keys: qcodes.map((data) => ({ type: 'qcode', data })), 'hold-time': holdMs })
  }
  screenshot(): Promise<{ png: Uint8Array; width: number; height: number }> {
    return takeScreenshot(this.#parts.qmp, this.#parts.layout.directory, this.#parts.probe.features.screenshotPng)
  }
  async setClipboard(mode: ClipboardMode): Promise<void> {
    if (mode !== 'off' && this.#spec.profile === 'legacy') throw new EngineFault('qemu', 'The hardware profile legacy has no port for a clipboard')
    await plugClipboard(this.#parts.qmp, mode, this.#parts.probe.features.clipboard)
    this.#spec = { ...this.#spec, clipboard: mode }
    this.#keepRecord()
  }

  /** Plugging waits until nothing is being saved: QEMU refuses it then. */
  async setMemory(targetMiB: number): Promise<void> {
    await this.#saving
    await this.#resources.setMemory(targetMiB)
  }
  balloon(): Promise<BalloonReading> {
    return this.#resources.balloon()
  }
  async setVcpus(count: number): Promise<void> {
    await this.#saving
    await this.#resources.setVcpus(count)
  }
  vcpus(): Promise<VcpuReading> {
    return this.#resources.vcpus()
  }
  setDiskLimits(limits: DiskLimits): Promise<DiskLimits> {
    return this.#resources.setDiskLimits(limits)
  }
  diskLimits(): Promise<DiskLimits> {
    return this.#resources.diskLimits()
  }
  setCpuCap(percent: number | null): Promise<number | null> {
    return this.#resources.setCpuCap(percent)
  }
  async cpuCap(): Promise<number | null> {
    return this.#resources.cpuCap()
  }
  setCpuWeight(weight: number): Promise<CpuWeightReading> {
    return this.#resources.setCpuWeight(weight)
  }
  async cpuWeight(): Promise<CpuWeightReading> {
    return this.#resources.cpuWeight()
  }
  usage(): Promise<MachineUsage> {
    return this.#resources.usage()
  }

  save(directory: string): Promise<{ pausedMs: number }> {
    const { record, qmp, layout, probe } = this.#parts
    if (!record.savable) return Promise.reject(new EngineFault('qemu', `${this.#spec.name} was not started so that it can be saved`, { remedy: 'Stop it and start it from cold once more; Diptych then saves it.' }))
    return this.#standing(() =>
      withoutClipboard(qmp, this.#spec.clipboard, async () => {
        const plugged = await this.#resources.plugged(record.plugged)
        const warmKey = hardwareKey(this.#spec, probe)
        const saved = await saveWarmState({ qmp, plugged, spec: this.#spec, pid: this.processId, ramPath: sharedRamName(record) ?? '', directory, scratch: layout.directory, version: probe.features.version, warmKey })
        this.#parts.onSaved(directory, warmKey)
        return saved
      }),
    )
  }

  saveState(request: SaveStateRequest): Promise<SavedReport> {
    const { record, qmp, layout, probe } = this.#parts
    const { version, screenshotPng } = probe.features
    const source = { qmp, spec: this.#spec, pid: this.processId, sharedRam: sharedRamName(record), scratch: layout.directory, screenshotPng, version, key: hardwareKey(this.#spec, probe) }
    return this.#standing(() => withoutClipboard(qmp, this.#spec.clipboard, async () => saveMachineState({ ...source, plugged: await this.#resources.plugged(record.plugged) }, request)))
  }

  async makeTemplate(request: TemplateRequest): Promise<TemplateReport> {
    this.#demandNoCopy()
    const { record, qmp, layout, probe } = this.#parts
    const source = { qmp, spec: this.#spec, pid: this.processId, sharedRam: sharedRamName(record), scratch: layout.directory, incubators: incubatorsBeside(layout), probe }
    const plugged = () => this.#resources.plugged(record.plugged)
    const standing: TemplateSource['standing'] = (work) => this.#standing(() => withoutClipboard(qmp, this.#spec.clipboard, async () => work(await plugged())))
    return makeTemplateState({ ...source, standing }, request)
  }

  async beginDiskCopy(path: string): Promise<DiskCopy> {
    this.#demandNoCopy()
    this.#copying = true
    await this.#saving
    const { qmp, layout } = this.#parts
    return beginRunningCopy({ qmp, scratch: layout.directory, diskPath: this.#spec.diskPath }, path, () => (this.#copying = false))
  }

  async flattenDisk(progress: (fraction: number) => void, signal?: AbortSignal): Promise<void> {
    this.#demandNoCopy()
    return flattenDisk(this.#parts.qmp, progress, signal)
  }

  takeDiskSnapshot(name: string): Promise<void> {
    return this.#standing(() => takeDiskSnapshot(this.#parts.qmp, name))
  }

  deleteDiskSnapshot(name: string): Promise<void> {
    return this.#standing(() => deleteDiskSnapshot(this.#parts.qmp, name))
  }

  /** While memory and disk are written the guest must stand still: what would change that waits until it is done. */
  async #standing<T>(work: () => Promise<T>): Promise<T> {
    this.#demandNoCopy()
    return this.#alone(work)
  }

  /** Whoever would have the guest stand still or go on waits for the work. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const worked = this.#saving.then(work)
    this.#saving = worked.catch(() => undefined) // the caller is told
    return worked
  }

  /** QEMU does one thing at a time with a disk. */
  #demandNoCopy(): void {
    if (this.#copying) throw new Refusal('busy', this.#spec.name, 'its disk is being copied to be exported', 'wait until that is done, or cancel it')
  }

  async plugCard(nic: MachineNic): Promise<boolean> {
    await this.#saving
    const { qmp, probe } = this.#parts
    if (!(await plugCard(qmp, this.#spec, nic, probe))) return false
    this.#spec = { ...this.#spec, nics: [...this.#spec.nics, nic] }
    this.#keepRecord()
    return true
  }

  async linkCard(mac: MacAddress, up: boolean): Promise<void> {
    const index = this.#spec.nics.findIndex((nic) => nic.mac === mac)
    if (index >= 0) await this.#parts.qmp.execute('set_link', { name: cardId(index), up })
  }

  reconnectNetwork(networks: readonly NetworkName[]): Promise<void> {
    return reconnectNetwork(this.#parts.qmp, this.#spec, networks, this.#parts.probe.features, (work) => this.#alone(work))
  }

  async changeDisc(path: string | null): Promise<void> {
    if (this.#spec.discPath === undefined) throw new EngineFault('qemu', `${this.#spec.name} was started without an optical drive`, { remedy: 'The disc is in the drive after its next start.' })
    await changeDisc(this.#parts.qmp, path)
    this.#spec = { ...this.#spec, discPath: path }
    this.#keepRecord()
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#watch.stop()
    this.#channels.dispose()
    this.#parts.qmp.close()
    this.#listeners.clear()
  }

  /** What may follow once the guest runs; none of it is worth delaying a start for. */
  async #prepare(): Promise<void> {
    const { qmp, probe } = this.#parts
    try {
      const ports = await qmp.execute('query-chardev')
      const agent = (Array.isArray(ports) ? ports : []).map(asObject).find((port) => port['label'] === 'qga0')
      if (this.#channels.agentOpen === null) this.#setAgentOpen(agent?.['frontend-open'] === true)
      if (hasBalloon(this.#spec, probe.features)) await qmp.execute('qom-set', { path: '/machine/peripheral/balloon0', property: 'guest-stats-polling-interval', value: 1 })
      if (this.#spec.clipboard !== 'off' && probe.features.clipboard) await plugClipboard(qmp, this.#spec.clipboard, true)
    } catch (error) {
      if (!this.#gone && !this.#disposed && !qmp.isClosed) this.#emit({ type: 'fault', text: `A part of the machine could not be set up: ${error instanceof Error ? error.message : String(error)}` })
    }
  }

  #keepRecord(): void {
    const { loading: _until, ...record } = this.#parts.record
    writeRunRecord(this.#parts.layout, { ...record, spec: this.#spec, awakened: this.#awakened, ...(this.#standsLoaded ? { loading: true } : {}) })
  }

  #hear(event: QmpEvent): void {
    const reason = shutdownReason(event)
    // `guest: true` is a reset's shutdown only when QEMU was told not to reboot; it always ends the process here.
    if (reason !== null) this.#shutdown = reason
    const told = machineEvent(event)
    if (told?.type === 'agent') this.#setAgentOpen(told.open)
    else if (told !== null) this.#emit(told)
  }

  #cleanUp(): void {
    try {
      this.#parts.cleanUp()
    } catch (error) {
      this.#emit({ type: 'fault', text: `What the run left could not be removed: ${error instanceof Error ? error.message : String(error)}` })
    }
  }

  #setAgentOpen(open: boolean): void {
    const isNews = this.#channels.agentOpen !== open
    this.#channels.noteAgentOpen(open)
    if (isNews) this.#emit({ type: 'agent', open })
  }

  #exited(exit: ProcessExit): void {
    if (this.#gone) return
    this.#gone = true
    this.#watch.stop()
    this.#channels.dispose()
    const expected = this.#shutdown !== null
    const detail = this.#shutdown ?? [`QEMU ended unexpectedly${exit.how === null ? '' : ` (${exit.how})`}`, lastLine(this.logPaths.engine)].filter((part) => part !== '').join(': ')
    this.#cleanUp()
    if (!this.#disposed) this.#emit({ type: 'exited', expected, detail })
    if (this.#listeners.size > 0) this.#tellBacklog()
    this.dispose()
  }

  /** Usually QEMU's end, told by `exited` in a moment; a fault only when the process stays. */
  #disconnected(reason: string): void {
    this.#watch.hurry()
    const report = () => {
      if (!this.#disposed && !this.#gone) this.#emit({ type: 'fault', text: `The connection to QEMU was lost, but it still runs: ${reason}` })
    }
    setTimeout(report, lostAfterMs).unref()
  }

  #tellBacklog(): void {
    const held = this.#backlog ?? []
    this.#backlog = null
    for (const event of held) this.#emit(event)
  }

  #emit(event: MachineEvent): void {
    if (this.#backlog !== null && this.#backlog.length < maximumBacklog) this.#backlog.push(event)
    if (this.#backlog !== null) return
    for (const listener of this.#listeners) listener(event)
  }
}

function lastLine(path: string): string {
  return readTail(path, 4_000).trimEnd().split('\n').at(-1)?.slice(0, 500) ?? ''
}
