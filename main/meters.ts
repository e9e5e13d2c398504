import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { GuestMeter, HostBudget, HostMeter } from '../src/contract/host.ts'
import type { GuestName } from '../src/contract/names.ts'
import type { Machine, MachineUsage } from '../src/engine/engine.ts'
import { Publisher } from '../src/publisher.ts'
import type { HostLoad } from '../src/resource/budget.ts'
import type { SliderControls } from '../src/resource/guest-controls.ts'

export interface MeteredGuest {
  readonly name: GuestName
  readonly machine: Machine
  readonly controls: SliderControls
}

/** Monotonic, like MachineUsage; a restarted switch begins again. */
export interface Traffic {
  readonly txBytes: number
  readonly rxBytes: number
}

export interface MeterPorts {
  guests(): MeteredGuest[]
  /** What has passed the guest's ports, as the switch counted it. */
  traffic(guest: GuestName): Traffic
  budget(load: HostLoad, guests: readonly GuestMeter[]): HostBudget
}

type Counters = MachineUsage & Traffic

/** The guest's agent is asked which vCPUs are online only so often: it is a program in the guest. */
const samplesPerVcpuReading = 5
/** A machine that takes longer is left out of the sample: the others do not wait for it, and its last values are shown no longer. */
const patienceMs = 2_000

/** Turns monotonic counters into rates; one instance per stream of samples. */
export class MeterReader {
  readonly #ports: MeterPorts
  readonly #last = new Map<GuestName, { at: number; counters: Counters }>()
  readonly #asked = new Map<GuestName, { readonly machine: Machine; readonly meter: Promise<GuestMeter | null> }>()
  #lastCpu: { busy: number; total: number } | null = null
  #samples = 0

  constructor(ports: MeterPorts) {
    this.#ports = ports
  }

  async read(): Promise<HostMeter> {
    const metered = this.#ports.guests()
    const [cpu, ...read] = await Promise.all([this.#readCpu(), ...metered.map((guest) => this.#inTime(guest))])
    const guests = withShares(read.filter((meter) => meter !== null))
    this.#samples += 1
    const load = { ...readMemory(), ...cpu }
    const budget = this.#ports.budget(load, guests)
    return {
      at: new Date().toISOString(),
      cpuPercent: load.cpuPercent,
      memoryUsedMiB: load.totalMiB - load.availableMiB,
      memoryTotalMiB: load.totalMiB,
      promisedMiB: budget.memory.promised,
      budget,
      guests,
    }
  }

  /** A machine is asked once at a time, however long it takes. */
  async #inTime(guest: MeteredGuest): Promise<GuestMeter | null> {
    const { name, machine } = guest
    const before = this.#asked.get(name)
    const asked = before?.machine === machine ? before : { machine, meter: this.#readGuest(guest) }
    this.#asked.set(name, asked)
    void asked.meter.then(() => this.#asked.get(name) === asked && this.#asked.delete(name))
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), patienceMs)))
    return Promise.race([asked.meter, late]).finally(() => clearTimeout(timer))
  }

  async #readGuest({ name, machine, controls }: MeteredGuest): Promise<GuestMeter | null> {
    try {
      if (this.#samples % samplesPerVcpuReading === 0) void controls.refreshVcpus()
      const [usage, memory] = await Promise.all([machine.usage(), controls.refresh()])
      const at = performance.now()
      const last = this.#last.get(name)
      const counters = { ...usage, ...this.#ports.traffic(name) }
      this.#last.set(name, { at, counters })
      const seconds = last === undefined ? 0 : (at - last.at) / 1000
      const rate = (counter: keyof Counters) => (last === undefined || seconds <= 0 ? 0 : Math.max(0, ((counters[counter] ?? 0) - (last.counters[counter] ?? 0)) / seconds))
      const total = memory?.guestTotalMiB ?? null
      const available = memory?.guestAvailableMiB ?? null
      const vcpus = controls.vcpuReading()
      return {
        guest: name,
        cpuPercent: rate('cpuMs') / 10,
        throttledPercent: usage.throttledMs === null ? null : rate('throttledMs') / 10,
        cpuSharePercent: null,
        vcpusPlugged: vcpus?.plugged ?? null,
        vcpusOnline: vcpus?.online ?? null,
        residentMiB: usage.residentMiB,
        actualMiB: memory?.actualMiB ?? null,
        guestTotalMiB: total,
        guestAvailableMiB: available,
        guestUsedMiB: total !== null && available !== null ? total - available : null,
        diskReadBytesPerSecond: rate('diskReadBytes'),
        diskWriteBytesPerSecond: rate('diskWriteBytes'),
        diskReadsPerSecond: rate('diskReads'),
        diskWritesPerSecond: rate('diskWrites'),
        txBitsPerSecond: rate('txBytes') * 8,
        rxBitsPerSecond: rate('rxBytes') * 8,
      }
    } catch {
      return null // the machine ended between two samples
    }
  }

  /** From /proc/stat (proc(5)): os.cpus also asks every CPU for its frequency, which holds a large computer up for long. */
  async #readCpu(): Promise<Pick<HostLoad, 'cpus' | 'cpuPercent'>> {
    const [all = '', ...each] = (await readFile('/proc/stat', 'utf8')).split('\n').filter((line) => /^cpu\d* /.test(line))
    const [user = 0, nice = 0, system = 0, idle = 0, , interrupts = 0] = all.trim().split(/\s+/).slice(1).map(Number)
    const busy = user + nice + system + interrupts
    const total = busy + idle
    const last = this.#lastCpu
    this.#lastCpu = { busy, total }
    const share = last === null || total <= last.total ? 0 : (busy - last.busy) / (total - last.total)
    return { cpus: each.length, cpuPercent: share * each.length * 100 }
  }
}

function withShares(guests: readonly GuestMeter[]): GuestMeter[] {
  const sum = guests.reduce((total, guest) => total + guest.cpuPercent, 0)
  return guests.map((guest) => ({ ...guest, cpuSharePercent: sum > 0 ? (guest.cpuPercent / sum) * 100 : null }))
}

/** MemAvailable counts what the kernel could free (proc(5)); os.freemem does not. */
export function readMemory(): Pick<HostLoad, 'totalMiB' | 'availableMiB'> {
  const text = readFileSync('/proc/meminfo', 'utf8')
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) / 1024
  return { totalMiB: field('MemTotal'), availableMiB: field('MemAvailable') }
}

const periodMs = 1_000

/** Samples once a second while a guest runs or somebody reads, and not at all otherwise. */
export class MeterService {
  readonly #publisher = new Publisher<HostMeter>()
  readonly #listeners = new Set<(meter: HostMeter) => void>()
  readonly #ports: MeterPorts
  #sampling = false
  #disposed = false
  #latest: HostMeter | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(ports: MeterPorts) {
    this.#ports = ports
  }

  /** The last sample; null before the first. */
  get latest(): HostMeter | null {
    return this.#latest
  }

  /** Told each sample, in this process, as long as there are any. */
  listen(listener: (meter: HostMeter) => void): void {
    this.#listeners.add(listener)
  }

  /** A guest may have started. */
  wake(): void {
    if (!this.#sampling && !this.#disposed) void this.#sample()
  }

  async *watch(signal: AbortSignal | undefined): AsyncGenerator<HostMeter, void, void> {
    const samples = this.#publisher.subscribe([], signal)
    const first = samples.next()
    this.wake()
    const { value, done } = await first
    if (done !== true) yield value
    yield* samples
  }

  dispose(): void {
    this.#disposed = true
    clearTimeout(this.#timer)
  }

  #take(meter: HostMeter): void {
    this.#latest = meter
    for (const listener of this.#listeners) listener(meter)
    this.#publisher.publish(meter, 'meter')
  }

  async #sample(): Promise<void> {
    this.#sampling = true
    const reader = new MeterReader(this.#ports)
    do {
      const meter = await reader.read().catch(() => null) // no file of the kernel could be opened just now: the next sample may do
      if (this.#disposed) break
      if (meter !== null) this.#take(meter)
      await new Promise((resolve) => {
        this.#timer = setTimeout(resolve, periodMs)
        this.#timer.unref()
      })
    } while (!this.#disposed && (this.#publisher.readers > 0 || this.#ports.guests().length > 0))
    this.#sampling = false
  }
}
