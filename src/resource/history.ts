import type { GuestHistory, HistorySpan, HostHistory, HostMeter } from '../contract/host.ts'
import type { GuestName } from '../contract/names.ts'

const fields = ['cpuPercent', 'memoryMiB', 'diskReadBytesPerSecond', 'diskWriteBytesPerSecond', 'txBitsPerSecond', 'rxBitsPerSecond'] as const
type Field = (typeof fields)[number]
type Values = Readonly<Record<Field, number>>

/** The mean of what was sampled within one step, per guest. */
interface Step {
  /** The step's end, milliseconds since 1970. */
  readonly at: number
  readonly guests: ReadonlyMap<GuestName, { readonly values: Values; readonly samples: number }>
}

/**
 * Load over time in three resolutions, each a bounded list of steps. The session's step doubles whenever the list is
 * full, two neighbours becoming one, so that a session of any length fits.
 */
export class LoadHistory {
  readonly #spans: Record<HistorySpan, Series> = { minute: new Series(1_000, 60, false), 'quarter-hour': new Series(5_000, 180, false), session: new Series(5_000, 720, true) }

  add(meter: HostMeter): void {
    const at = Date.parse(meter.at)
    const guests = new Map(
      meter.guests.map((guest) => {
        const { cpuPercent, diskReadBytesPerSecond, diskWriteBytesPerSecond, txBitsPerSecond, rxBitsPerSecond } = guest
        const values = { cpuPercent, memoryMiB: guest.guestUsedMiB ?? guest.residentMiB, diskReadBytesPerSecond, diskWriteBytesPerSecond, txBitsPerSecond, rxBitsPerSecond }
        return [guest.guest, { values, samples: 1 }] as const
      }),
    )
    for (const series of Object.values(this.#spans)) series.add({ at, guests })
  }

  read(span: HistorySpan): HostHistory {
    return this.#spans[span].read(span)
  }
}

class Series {
  #stepMs: number
  readonly #length: number
  readonly #doubles: boolean
  #steps: Step[] = []

  constructor(stepMs: number, length: number, doubles: boolean) {
    this.#stepMs = stepMs
    this.#length = length
    this.#doubles = doubles
  }

  add(sample: Step): void {
    this.#merge({ ...sample, at: endOf(sample.at, this.#stepMs) })
    if (this.#steps.length <= this.#length) return
    if (!this.#doubles) {
      this.#steps.shift()
      return
    }
    this.#stepMs *= 2
    const before = this.#steps
    this.#steps = []
    for (const step of before) this.#merge({ ...step, at: endOf(step.at - 1, this.#stepMs) })
  }

  read(span: HistorySpan): HostHistory {
    const at = this.#steps.map((step) => step.at)
    const names = [...new Set(this.#steps.flatMap((step) => [...step.guests.keys()]))].sort()
    const column = (guest: GuestName, field: Field) => this.#steps.map((step) => step.guests.get(guest)?.values[field] ?? null)
    const guests = names.map((guest): GuestHistory => ({ guest, ...recordOf((field) => column(guest, field)) }))
    return { span, stepMs: this.#stepMs, at, guests }
  }

  /** Steps come in order; a clock that was set back adds to the newest step. */
  #merge(step: Step): void {
    const last = this.#steps.at(-1)
    if (last === undefined || step.at > last.at) {
      this.#steps.push(step)
      return
    }
    const guests = new Map(last.guests)
    for (const [guest, { values, samples }] of step.guests) {
      const known = guests.get(guest)
      const all = (known?.samples ?? 0) + samples
      const mean = (field: Field) => ((known?.values[field] ?? 0) * (known?.samples ?? 0) + values[field] * samples) / all
      guests.set(guest, { values: recordOf(mean), samples: all })
    }
    this.#steps[this.#steps.length - 1] = { at: last.at, guests }
  }
}

function endOf(at: number, stepMs: number): number {
  return (Math.floor(at / stepMs) + 1) * stepMs
}

function recordOf<T>(value: (field: Field) => T): Record<Field, T> {
  return Object.fromEntries(fields.map((field) => [field, value(field)])) as Record<Field, T> // one entry per field
}

/** Comma-separated values (RFC 4180): one line per step and guest that ran in it. Names are DNS labels: nothing needs quotes. */
export function historyCsv({ at, guests }: HostHistory): string {
  const lines = at.flatMap((time, index) =>
    guests.flatMap((guest) => {
      const values = fields.map((field) => guest[field][index] ?? null)
      return values.every((value) => value === null) ? [] : [[new Date(time).toISOString(), guest.guest, ...values.map((value) => (value === null ? '' : String(Math.round(value * 100) / 100)))].join(',')]
    }),
  )
  return `${['at,guest', ...fields].join(',')}\r\n${lines.map((line) => `${line}\r\n`).join('')}`
}
