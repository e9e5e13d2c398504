import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { EngineFault, type MachineSpec } from '../../engine/engine.ts'
import { commandLine } from '../../engine/qemu/command-line.ts'
import { cardId } from '../../engine/qemu/network-card.ts'
import { hasBalloon } from '../../engine/qemu/profile.ts'
import type { QmpEvent, QmpSession } from '../../engine/qemu/qmp-session.ts'
import { signalProcess, waitGone } from '../process/process-identity.ts'
import { prepareDeviceState, writeDeviceState } from './device-state.ts'
import { firmwareFiles } from './firmware.ts'
import { unplugDevice } from './hotplug.ts'
import { endingWithin, launch, openQmp, startFault, type Launched } from './launch.ts'
import { checkSocketPath, type RunLayout } from './layout.ts'
import type { QemuProbe } from './probe.ts'
import { pluggedArguments } from './restore.ts'
import { processOf } from './run-directory.ts'
import type { PluggedDevice } from './run-record.ts'

export interface IncubatorRequest {
  readonly probe: QemuProbe
  /** The source's hardware, with the copy's disk. */
  readonly spec: MachineSpec
  readonly plugged: readonly PluggedDevice[]
  /** The memory's file: made when it is not there, and the machine's memory as long as it lives. */
  readonly ram: string
  /** Where incubators have their folders. */
  readonly directory: string
}

const loadTimeoutMs = 120_000
const unplugTimeoutMs = 20_000
const quitTimeoutMs = 15_000
/** Its sockets close before this process hears of its end. */
const endingPatienceMs = 5_000
const parentDeathSignal = ['--pdeathsig', 'KILL'] as const
const setpriv = '/usr/bin/setpriv'

/**
 * A machine that lives for a second or two: the copy of a running guest, cut off from every network, in which the guest is
 * asked to let go of its cards and its balloon. What is saved of it has neither: a clone then gets cards of its own, no
 * frame with the old address can ever leave it, and nothing in it can punch holes into the memory it shares.
 *
 * It ends with this process (where util-linux has setpriv), or is swept by the next host.
 */
export class Incubator {
  readonly qmp: QmpSession
  #ended = false
  readonly #request: IncubatorRequest
  readonly #launched: Launched
  readonly #layout: RunLayout

  private constructor(request: IncubatorRequest, launched: Launched, layout: RunLayout, qmp: QmpSession) {
    this.#request = request
    this.#launched = launched
    this.#layout = layout
    this.qmp = qmp
  }

  /** Starts the empty machine; `load` or a migration into `socketPath` fills it. */
  static async start(request: IncubatorRequest, deviceState: string | null, signal: AbortSignal | undefined): Promise<Incubator> {
    const { probe, spec, plugged, ram } = request
    const layout = incubatorLayout(request.directory)
    mkdirSync(layout.directory, { recursive: true, mode: 0o700 })
    for (const path of [layout.qmp, join(layout.directory, 'mig')]) checkSocketPath(path)
    const paths = { ...layout, ram: { kind: 'file', path: ram, share: true }, firmware: firmwareFiles(spec), incoming: true, cards: 'loose' } as const
    const args = [...commandLine(spec, paths, probe.features, probe.accelerator.kind), ...pluggedArguments(plugged.map(cutOff)), '-S']
    const [binary, ...prefix] = existsSync(setpriv) ? [setpriv, ...parentDeathSignal, probe.binary] : [probe.binary]
    const inherit = deviceState === null ? [] : [openSync(deviceState, 'r')]
    let launched: Launched | null = null
    try {
      launched = await launch(binary, [...prefix, ...args], layout, spec, inherit)
      return new Incubator(request, launched, layout, await openQmp(launched, layout, spec, signal))
    } catch (error) {
      if (launched !== null) signalProcess(launched.process, 'SIGKILL')
      rmSync(layout.directory, { recursive: true, force: true })
      throw error
    } finally {
      for (const descriptor of inherit) closeSync(descriptor)
    }
  }

  /** Where another QEMU can migrate to after `listen`. */
  get socketPath(): string {
    return join(this.#layout.directory, 'mig')
  }

  /** Loads what was given to `start` as device state. */
  async load(): Promise<void> {
    const loaded = this.#loaded()
    loaded.catch(() => undefined) // heard below, unless QEMU ended before
    await this.#expect('fd:3', true)
    await loaded
  }

  /** Waits for a migration; the promise it answers settles when that is loaded. */
  async listen(): Promise<{ loaded: Promise<void> }> {
    const loaded = this.#loaded()
    loaded.catch(() => undefined) // whoever migrates hears it, too
    await this.#expect(`unix:${this.socketPath}`, false)
    return { loaded }
  }

  /**
   * Lets the guest run until it has let go of its cards and balloon, then stops it. false: it did not within 20 s, as no
   * system does that is still booting or knows no hot-plug.
   */
  async strip(signal: AbortSignal | undefined): Promise<boolean> {
    const { spec, plugged, probe } = this.#request
    const balloon = hasBalloon(spec, probe.features) ? ['balloon0'] : []
    const ids = [...spec.nics.map((_, index) => cardId(index)), ...balloon, ...plugged.filter(({ netdev }) => netdev !== undefined).map(({ device }) => String(device['id']))]
    await this.qmp.execute('cont')
    const all = Promise.all(ids.map((id) => unplugDevice(this.qmp, id, unplugTimeoutMs)))
    const outcome = await Promise.race([all, aborted(signal)])
    await this.qmp.execute('stop')
    const uplinks = spec.nics.flatMap(({ kind }, index) => (kind === 'uplink' && outcome[index] === true ? [`n${index}`] : []))
    for (const id of uplinks) await this.qmp.execute('netdev_del', { id }) // QEMU would save it with the devices
    return outcome.every((gone) => gone)
  }

  /** Writes everything of the stopped machine but its memory and disk. */
  async save(path: string): Promise<void> {
    await prepareDeviceState(this.qmp, 'devices')
    await writeDeviceState(this.qmp, join(this.#layout.directory, 'save'), path)
  }

  /** Ends it, unless it has ended, with its disk flushed; by force when it does not go. Leaves nothing in the runtime directory. */
  async end(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    const { process } = this.#launched
    await this.qmp.execute('quit', undefined, 5_000).catch(() => undefined) // whether it goes is what counts
    if (!(await waitGone(process, quitTimeoutMs))) {
      signalProcess(process, 'SIGKILL')
      await waitGone(process, 5_000)
    }
    this.qmp.close()
    rmSync(this.#layout.directory, { recursive: true, force: true })
  }

  async #expect(uri: string, ignoreShared: boolean): Promise<void> {
    const capabilities = [{ capability: 'x-ignore-shared', state: ignoreShared }, { capability: 'events', state: true }]
    await this.#explained(Promise.all([this.qmp.execute('migrate-set-capabilities', { capabilities }), this.qmp.execute('migrate-incoming', { uri })]))
  }

  async #loaded(): Promise<void> {
    const ended = (event: QmpEvent) => event.name === 'MIGRATION' && ['completed', 'failed'].includes(String(event.data['status']))
    const { data } = await this.#explained(this.qmp.event(ended, loadTimeoutMs, 'loading the copy'))
    if (data['status'] !== 'failed') return
    throw startFault(this.#request.spec, this.#layout, await this.#ending(), new EngineFault('qemu', 'QEMU could not load the copy of the machine'))
  }

  /** Where QEMU ended meanwhile, its own last words are the fault: its log goes with its folder. */
  async #explained<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      if ((await endingWithin(this.#launched.child, endingPatienceMs)) === null) throw error
      throw startFault(this.#request.spec, this.#layout, await this.#ending(), error)
    }
  }

  async #ending(): Promise<string> {
    return (await endingWithin(this.#launched.child, endingPatienceMs)) ?? 'loading the copy failed'
  }
}

/** Ends and removes what killed hosts left. Only for the holder of the data directory's lock. */
export async function sweepIncubators(directory: string): Promise<void> {
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    const layout = layoutIn(join(directory, name))
    const process = processOf(layout)
    if (process !== null) {
      signalProcess(process, 'SIGKILL')
      await waitGone(process, 5_000)
    }
    rmSync(layout.directory, { recursive: true, force: true })
  }
}

function incubatorLayout(directory: string): RunLayout {
  return layoutIn(join(directory, randomBytes(3).toString('hex')))
}

function layoutIn(directory: string): RunLayout {
  const at = (name: string) => join(directory, name)
  return { directory, qmp: at('qmp'), agent: at('qga'), screen: at('vnc'), serial: at('ser'), pid: at('pid'), record: at('run.json'), logs: { directory, serial: at('serial.log'), engine: at('engine.log') } }
}

/** A card that was plugged in while the source ran, its cable leading nowhere. */
function cutOff(plugged: PluggedDevice): PluggedDevice {
  const { device, netdev } = plugged
  return netdev === undefined ? plugged : { device, netdev: { type: 'hubport', id: String(netdev['id']), hubid: 99 } }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted === true) reject(signal.reason as Error)
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

/** Where a host's incubators have their folders: beside those of its guests, in which adopted machines are looked for. */
export function incubatorsBeside(guest: RunLayout): string {
  return join(dirname(dirname(guest.directory)), 'i')
}
