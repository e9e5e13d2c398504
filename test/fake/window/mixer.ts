import type { Control, ControlChange, Priority } from '../../../src/contract/control.ts'
import type { CrossfadeResult } from '../../../src/contract/guest.ts'
import type { GuestMeter, HostBudget, HostHistory, HistorySpan } from '../../../src/contract/host.ts'
import { type FakeGuest, updateOf } from './views.ts'

const presetValues: Record<Priority, ControlChange> = {
  low: { cpuWeight: 20, cpuCap: 50, diskIops: 500, diskBandwidth: 20e6 },
  normal: { cpuWeight: 100, cpuCap: null, diskIops: null, diskBandwidth: null },
  star: { cpuWeight: 1_000, cpuCap: null, diskIops: null, diskBandwidth: null },
}

/** The controls after a change: memory and vCPUs are followed later, everything else acts at once. */
export function changedControls(guest: FakeGuest, change: ControlChange): FakeGuest['controls'] {
  const controls = structuredClone(guest.controls)
  const asked = { ...(change.priority === undefined ? {} : presetValues[change.priority]), ...change }
  for (const name of ['cpuCap', 'cpuWeight', 'diskIops', 'diskBandwidth', 'linkBandwidth'] as const) {
    const value = asked[name]
    if (value !== undefined) Object.assign(controls[name], { requested: value, effective: value })
  }
  for (const name of ['memory', 'vcpus'] as const) {
    const value = asked[name]
    if (value !== undefined) Object.assign(controls[name], { requested: value, status: value === controls[name].effective ? 'settled' : 'following', note: null } satisfies Partial<Control>)
  }
  return controls
}

export function budgetOf(guests: readonly FakeGuest[], meters: readonly GuestMeter[]): HostBudget {
  const running = guests.filter((guest) => ['running', 'paused', 'starting'].includes(guest.state))
  const share = (total: number, reserve: number, promisedBy: (guest: FakeGuest) => number, usedBy: (meter: GuestMeter) => number, others: number) => {
    const each = running.map((guest) => ({ guest: guest.name, promised: promisedBy(guest), inUse: meters.filter((meter) => meter.guest === guest.name).reduce((sum, meter) => sum + usedBy(meter), 0) }))
    const promised = each.reduce((sum, one) => sum + one.promised, 0)
    return { total, reserve, limit: total - reserve, promised, inUse: others + each.reduce((sum, one) => sum + one.inUse, 0), free: total - reserve - promised, guests: each }
  }
  return {
    memory: share(24_064, 4_813, (guest) => guest.controls.memory.requested ?? 0, (meter) => meter.residentMiB, 2_100),
    cpu: share(200, 0, (guest) => Math.min(guest.controls.cpuCap.requested ?? Infinity, (guest.controls.vcpus.requested ?? 1) * 100), (meter) => meter.cpuPercent, 12),
  }
}

const steps: Record<HistorySpan, number> = { minute: 1_000, 'quarter-hour': 5_000, session: 30_000 }

/** Smooth curves, the same ones each time for the same instant. */
export function historyOf(guests: readonly FakeGuest[], span: HistorySpan): HostHistory {
  const stepMs = steps[span]
  const now = Math.floor(Date.now() / stepMs) * stepMs
  const length = span === 'quarter-hour' ? 180 : 60
  const at = Array.from({ length }, (_, index) => now - (length - 1 - index) * stepMs)
  const wave = (middle: number, swing: number, phase: number) => at.map((ms) => Math.max(0, middle + swing * Math.sin(ms / stepMs / 7 + phase)))
  return {
    span,
    stepMs,
    at,
    guests: guests.map((guest) => ({
      guest: guest.name,
      cpuPercent: wave(46, 30, guest.index * 2),
      memoryMiB: wave(392, 30, guest.index),
      diskReadBytesPerSecond: wave(0, 2e6, guest.index),
      diskWriteBytesPerSecond: wave(1e6, 8e5, guest.index + 1),
      txBitsPerSecond: wave(2e6, 1e6, guest.index),
      rxBitsPerSecond: wave(3e6, 2e6, guest.index + 2),
    })),
  }
}

/** Divides memory only: enough to see the crossfader move. */
export function crossfade(left: FakeGuest, right: FakeGuest, share: number, set: (guest: FakeGuest, change: ControlChange) => void): CrossfadeResult {
  const before = [left, right].map((guest) => ({ guest, memory: guest.controls.memory.requested ?? 0 }))
  const total = before.reduce((sum, each) => sum + each.memory, 0)
  const fit = (value: number, { minimum, maximum, step }: Control) => Math.min(maximum, Math.max(minimum, Math.round(value / step) * step))
  const toRight = fit(total * share, right.controls.memory)
  const toLeft = fit(total - toRight, left.controls.memory)
  set(left, { memory: toLeft })
  set(right, { memory: total - toLeft })
  return {
    moved: before.map(({ guest, memory }) => ({ guest: guest.name, control: 'memory', before: memory, after: guest.controls.memory.requested })),
    limits: total - toLeft === toRight && toRight !== total * share ? [`${right.name} takes at most ${right.controls.memory.maximum} MiB`] : [],
    undo: before.map(({ guest, memory }) => ({ name: guest.name, change: { memory } })),
    guests: [updateOf(left), updateOf(right)],
  }
}
