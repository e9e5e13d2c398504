import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import type { GuestMeter, HostMeter } from '../src/contract/host.ts'
import type { GuestName } from '../src/contract/names.ts'
import type { BalloonReading, Machine, MachineUsage } from '../src/engine/engine.ts'
import { Publisher } from '../src/publisher.ts'

export interface MeteredGuest {
  readonly name: GuestName
  readonly machine: Machine
  readonly memoryMiB: number
  refreshBalloon(): Promise<BalloonReading | null>
}

/** Turns monotonic counters into rates; one instance per stream of samples. */
export class MeterReader {
  readonly #last = new Map<GuestName, { at: number; usage: MachineUsage }>()
  #lastCpu: { busy: number; total: number } | null = null

  async read(guests: readonly MeteredGuest[]): Promise<HostMeter> {
    const memory = readMemory()
    const guestMeters = await Promise.all(guests.map((guest) => this.#readGuest(guest)))
    return {
      at: new Date().toISOString(),
      cpuPercent: this.#readCpu(),
      memoryUsedMiB: memory.usedMiB,
      memoryTotalMiB: memory.totalMiB,
      promisedMiB: guests.reduce((sum, guest) => sum + guest.memoryMiB, 0),
      guests: guestMeters.filter((meter) => meter !== null),
    }
  }

  async #readGuest(guest: MeteredGuest): Promise<GuestMeter | null> {
    try {
      const [usage, balloon] = await Promise.all([guest.machine.usage(), guest.refreshBalloon()])
      const at = performance.now()
      const last = this.#last.get(guest.name)
      this.#last.set(guest.name, { at, usage })
      const seconds = last === undefined ? 0 : (at - last.at) / 1000
      const rate = (now: number, before: number | undefined) => (seconds > 0 && before !== undefined ? Math.max(0, (now - before) / seconds) : 0)
      const total = balloon?.guestTotalMiB ?? null
      const available = balloon?.guestAvailableMiB ?? null
      return {
        guest: guest.name,
        cpuPercent: rate(usage.cpuMs, last?.usage.cpuMs) / 10,
        residentMiB: usage.residentMiB,
        guestTotalMiB: total,
        guestUsedMiB: total !== null && available !== null ? total - available : null,
        diskReadBytesPerSecond: rate(usage.diskReadBytes, last?.usage.diskReadBytes),
        diskWriteBytesPerSecond: rate(usage.diskWriteBytes, last?.usage.diskWriteBytes),
      }
    } catch {
      return null // the machine ended between two samples
    }
  }

  #readCpu(): number {
    const all = cpus()
    let busy = 0
    let total = 0
    for (const { times } of all) {
      busy += times.user + times.nice + times.sys + times.irq
      total += times.user + times.nice + times.sys + times.irq + times.idle
    }
    const last = this.#lastCpu
    this.#lastCpu = { busy, total }
    if (last === null || total <= last.total) return 0
    return ((busy - last.busy) / (total - last.total)) * all.length * 100
  }
}

/** MemAvailable counts what the kernel could free (proc(5)); os.freemem does not. */
function readMemory(): { usedMiB: number; totalMiB: number } {
  const text = readFileSync('/proc/meminfo', 'utf8')
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) / 1024
  return { usedMiB: field('MemTotal') - field('MemAvailable'), totalMiB: field('MemTotal') }
}

const periodMs = 1_000

/** Samples once a second while somebody reads, and not at all otherwise. */
export class MeterService {
  readonly #publisher = new Publisher<HostMeter>()
  readonly #guests: () => MeteredGuest[]
  #sampling = false

  constructor(guests: () => MeteredGuest[]) {
    this.#guests = guests
  }

  async *watch(signal: AbortSignal | undefined): AsyncGenerator<HostMeter, void, void> {
    const samples = this.#publisher.subscribe([], signal)
    const first = samples.next()
    if (!this.#sampling) void this.#sample()
    const { value, done } = await first
    if (done !== true) yield value
    yield* samples
  }

  async #sample(): Promise<void> {
    this.#sampling = true
    const reader = new MeterReader()
    do {
      this.#publisher.publish(await reader.read(this.#guests()), 'meter')
      await new Promise((resolve) => {
        setTimeout(resolve, periodMs)
      })
    } while (this.#publisher.readers > 0)
    this.#sampling = false
  }
}
