import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '../../src/contract/connection.ts'
import type { ControlChange } from '../../src/contract/control.ts'
import type { GuestName } from '../../src/contract/names.ts'

/** One knob: what is asked in turns, what keeps the guest busy meanwhile, and how its effect shows elsewhere than in our own answer. */
export interface Knob {
  readonly id: string
  readonly changes: readonly [ControlChange, ControlChange]
  /** A line of shell that goes on in the guest while the knob is turned. */
  readonly load: string | null
  /** Resolves at the moment of the effect (performance.now); called before the change is sent. `turn` 0 is the first of the changes. */
  effect(turn: 0 | 1): Promise<number>
}

const pollMs = 1
const patienceMs = 20_000

async function untilTrue(look: () => boolean): Promise<number> {
  const deadline = performance.now() + patienceMs
  while (performance.now() < deadline) {
    if (look()) return performance.now()
    await sleep(pollMs)
  }
  throw new Error('the effect did not show')
}

export function knobsOf({ client }: Connection, guest: GuestName, processId: number): Knob[] {
  const effective = (name: 'memory' | 'vcpus', moved: (value: number, before: number) => boolean) => async () => {
    const before = (await client.guest.get({ name: guest })).view.controls[name].effective ?? 0
    const deadline = performance.now() + patienceMs
    while (performance.now() < deadline) {
      const value = (await client.guest.get({ name: guest })).view.controls[name].effective
      if (value !== null && moved(value, before)) return performance.now()
      await sleep(5)
    }
    throw new Error('the effect did not show')
  }
  return [
    // The kernel holds the busy guest back, or counts another tenth of a second in which it did not.
    { id: 'cpu-cap', changes: [{ cpuCap: 20 }, { cpuCap: null }], load: 'while :; do :; done', effect: (turn) => (turn === 0 ? throttledAgain(processId) : unthrottled(processId)) },
    { id: 'cpu-weight', changes: [{ cpuWeight: 300 }, { cpuWeight: 100 }], load: null, effect: () => weightChanged(processId) },
    { id: 'disk-iops', changes: [{ diskIops: 10 }, { diskIops: null }], load: 'while :; do dd if=/dev/vda of=/dev/null bs=64k count=2000 iflag=direct; done', effect: (turn) => (turn === 0 ? readsStall(processId) : readsFlow(processId)) },
    { id: 'memory', changes: [{ memory: 448 }, { memory: 512 }], load: null, effect: effective('memory', (value, before) => value !== before) },
    { id: 'vcpus', changes: [{ vcpus: 2 }, { vcpus: 1 }], load: null, effect: effective('vcpus', (value, before) => value !== before) },
  ]
}

function groupOf(processId: number): string {
  const rows = readFileSync('/proc/mounts', 'utf8').split('\n').map((row) => row.split(' '))
  const v1 = rows.find(([, , type, options]) => type === 'cgroup' && options?.split(',').includes('cpu') === true)?.[1]
  const root = v1 ?? rows.find(([, , type]) => type === 'cgroup2')?.[1] ?? ''
  const line = v1 === undefined ? /^0::(.*)$/m : /^\d+:(?:[a-z,]*,)?cpu(?:,[a-z,]*)?:(.*)$/m
  return join(root, line.exec(readFileSync(`/proc/${processId}/cgroup`, 'utf8'))?.[1] ?? '')
}

function throttledTimes(group: string): number {
  return Number(/^nr_throttled (\d+)$/m.exec(readFileSync(join(group, 'cpu.stat'), 'utf8'))?.[1] ?? 0)
}

async function throttledAgain(processId: number): Promise<number> {
  const group = groupOf(processId)
  const before = throttledTimes(group)
  return untilTrue(() => throttledTimes(group) > before)
}

/** The last time it was held back, once that has not happened for a tenth of a second (a period is 20 ms). */
async function unthrottled(processId: number): Promise<number> {
  const group = groupOf(processId)
  let [count, at] = [throttledTimes(group), performance.now()]
  await untilTrue(() => {
    const now = throttledTimes(group)
    if (now !== count) [count, at] = [now, performance.now()]
    return performance.now() - at > 100
  })
  return at
}

async function weightChanged(processId: number): Promise<number> {
  const group = groupOf(processId)
  const read = () => ['cpu.shares', 'cpu.weight'].map((name) => readIfThere(join(group, name))).join()
  const before = read()
  return untilTrue(() => read() !== before)
}

/** Bytes that the process has read by system calls (proc(5), /proc/PID/io, rchar): its disk's image, mostly. */
function bytesRead(processId: number): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${processId}/io`, 'utf8'))?.[1] ?? 0)
}

/** The last whole read before none came for 60 ms: ten a second leave a gap of 100. */
async function readsStall(processId: number): Promise<number> {
  let [bytes, at] = [bytesRead(processId), performance.now()]
  await untilTrue(() => {
    const now = bytesRead(processId)
    if (now - bytes >= 65_536) [bytes, at] = [now, performance.now()]
    return performance.now() - at > 60
  })
  return at
}

async function readsFlow(processId: number): Promise<number> {
  const before = bytesRead(processId)
  return untilTrue(() => bytesRead(processId) - before > 20 * 65_536)
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // the other version of control groups
  }
}
