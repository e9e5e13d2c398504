import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import { defaultWeight, type CpuCapPort, type WeightReading } from './cpu-cap.ts'

/** nice(2) over a whole process; Linux keeps a value for each thread, and threads made later take their maker's. */
export interface NicePort {
  get(pid: number): number
  /** Throws EPERM or EACCES when this user may not raise the priority. */
  set(pid: number, nice: number): void
}

export const processNice: NicePort = {
  get: (pid) => getPriority(pid),
  set: (pid, nice) => {
    for (const thread of threadsOf(pid)) setPriority(thread, nice)
    // Where the kernel groups each session's processes (sched(7), "The autogroup feature"), only the session's own value
    // counts against others: QEMU has a session of its own.
    const autogroup = `/proc/${pid}/autogroup`
    if (existsSync(autogroup)) writeFileSync(autogroup, String(nice))
  },
}

/** Without control groups: no cap, and a weight by nice(2). */
export function niceOnly(reason: string, nice: NicePort = processNice): CpuCapPort {
  return {
    available: false,
    reason,
    set: async () => null,
    get: () => null,
    setWeight: async (_name, pid, weight) => setNiceWeight(nice, pid, weight, reason),
    getWeight: (_name, pid) => readNiceWeight(nice, pid, reason),
    throttledMs: () => null,
    release: () => undefined,
    sweep: () => undefined,
  }
}

/** Each step of nice is worth a factor of 1.25 (Linux, kernel/sched/core.c, sched_prio_to_weight). */
const stepFactor = 1.25

function niceOf(weight: number): number {
  return Math.max(-20, Math.min(19, -Math.round(Math.log(weight / defaultWeight) / Math.log(stepFactor))))
}

function weightOfNice(nice: number): number {
  return Math.max(1, Math.round(defaultWeight * stepFactor ** -nice))
}

function readNiceWeight(port: NicePort, pid: number, reason: string): WeightReading {
  return { weight: weightOfNice(port.get(pid)), note: `By nice(2), which knows forty steps and weighs each thread by itself: ${reason}` }
}

/** As near as nice comes, and no higher than this user may go. */
function setNiceWeight(port: NicePort, pid: number, weight: number, reason: string): WeightReading {
  const before = port.get(pid)
  try {
    if (niceOf(weight) !== before) port.set(pid, niceOf(weight))
    const reading = readNiceWeight(port, pid, reason)
    // What was asked, when it is the value that this step of nice stands for.
    return port.get(pid) === niceOf(weight) ? { ...reading, weight } : reading
  } catch {
    const { weight: inForce } = readNiceWeight(port, pid, reason)
    return { weight: inForce, note: `This user may lower a guest's priority by nice(2), but not raise it again: ${reason}` }
  }
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number)
  } catch {
    return [] // the process is gone
  }
}
