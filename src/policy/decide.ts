import { amountMiB, type Policies } from '../contract/policy.ts'
import { durationMs, weightIn } from './amounts.ts'

/** What a guest does now, once a second. MiB; null where it cannot be measured. */
export interface Observation {
  readonly atMs: number
  /** changing: on its way from one state to another. */
  readonly state: 'running' | 'paused' | 'changing' | 'stopped' | 'failed'
  readonly cpuPercent: number
  /** Below this the guest's CPU counts as idle: its clock alone costs something, under emulation much. */
  readonly idleCpuPercent: number
  readonly diskBytesPerSecond: number
  readonly networkBitsPerSecond: number
  readonly memory: { readonly requestedMiB: number; readonly actualMiB: number; readonly availableMiB: number; readonly totalMiB: number; readonly floorMiB: number; readonly bootMiB: number; readonly following: boolean } | null
  readonly cpuWeight: number
}

/** What is remembered of a guest between two observations. Starts as `fresh`. */
export interface Memory {
  /** Since when it has done next to nothing; null while it works. */
  readonly idleSinceMs: number | null
  /** The weight it had before an idle guest was given less; null while it has its own. */
  readonly weightBefore: number | null
  readonly lastMemoryMoveMs: number
  /** Unexpected ends in a row, and when the next start is due; null when none is. */
  readonly failures: number
  readonly restartAtMs: number | null
  readonly startedAtMs: number | null
}

export const fresh: Memory = { idleSinceMs: null, weightBefore: null, lastMemoryMoveMs: 0, failures: 0, restartAtMs: null, startedAtMs: null }

/** What is to be done, with the rule that wants it. */
export type Action =
  | { readonly kind: 'memory'; readonly rule: string; readonly targetMiB: number; readonly text: string }
  | { readonly kind: 'pause'; readonly rule: string; readonly text: string }
  | { readonly kind: 'weight'; readonly rule: string; readonly weight: number; readonly text: string }
  | { readonly kind: 'start'; readonly rule: string; readonly text: string }

export interface Decision {
  readonly memory: Memory
  readonly actions: readonly Action[]
}

/** Pure: the same observations give the same actions. */
export function decide(policies: Policies, before: Memory, seen: Observation): Decision {
  const restart = decideRestart(policies, before, seen)
  const idle = decideIdle(policies, restart.memory, seen)
  const memory = decideMemory(policies, idle.memory, seen)
  return { memory: memory.memory, actions: [...restart.actions, ...idle.actions, ...memory.actions] }
}

const firstDelayMs = 2_000
const longestDelayMs = 300_000
/** A guest that ran this long has recovered: the next failure counts as the first. */
const recoveredMs = 600_000

/** 2 s after the first failure, twice as long after each further one, 5 minutes at most. */
export function restartDelayMs(failures: number): number {
  return Math.min(longestDelayMs, firstDelayMs * 2 ** Math.max(0, failures - 1))
}

function decideRestart({ restart }: Policies, before: Memory, { atMs, state }: Observation): Decision {
  if (restart !== 'on-failure') return { memory: { ...before, failures: 0, restartAtMs: null }, actions: [] }
  if (state === 'running' || state === 'paused') {
    const startedAtMs = before.startedAtMs ?? atMs
    const failures = atMs - startedAtMs > recoveredMs ? 0 : before.failures
    return { memory: { ...before, startedAtMs, failures, restartAtMs: null }, actions: [] }
  }
  if (state === 'changing') return { memory: before, actions: [] }
  if (state !== 'failed') return { memory: { ...before, startedAtMs: null, failures: 0, restartAtMs: null }, actions: [] }
  if (before.restartAtMs === null) {
    const failures = before.failures + 1
    return { memory: { ...before, startedAtMs: null, failures, restartAtMs: atMs + restartDelayMs(failures) }, actions: [] }
  }
  if (atMs < before.restartAtMs) return { memory: before, actions: [] }
  const text = before.failures === 1 ? 'started again after it ended unexpectedly' : `started again after it ended unexpectedly, ${before.failures} times in a row`
  return { memory: { ...before, restartAtMs: null }, actions: [{ kind: 'start', rule: 'restart: on-failure', text }] }
}

/** An idle desktop still writes a log and answers the network now and then. */
const idleDiskBytesPerSecond = 50_000
const idleNetworkBitsPerSecond = 100_000

function decideIdle({ idle }: Policies, before: Memory, seen: Observation): Decision {
  const works = seen.cpuPercent > seen.idleCpuPercent || seen.diskBytesPerSecond > idleDiskBytesPerSecond || seen.networkBitsPerSecond > idleNetworkBitsPerSecond
  const idleSinceMs = idle === undefined || seen.state !== 'running' || works ? null : (before.idleSinceMs ?? seen.atMs)
  const memory = { ...before, idleSinceMs }
  const rule = idle === undefined ? 'idle' : `idle: after ${idle.after}, ${idle.then}`
  if (before.weightBefore !== null && (idleSinceMs === null || idle === undefined)) {
    if (seen.state !== 'running') return { memory: { ...memory, weightBefore: null }, actions: [] }
    return { memory: { ...memory, weightBefore: null }, actions: [{ kind: 'weight', rule, weight: before.weightBefore, text: `works again: weight back to ${before.weightBefore}` }] }
  }
  if (idle === undefined || idleSinceMs === null || seen.atMs - idleSinceMs < durationMs(idle.after)) return { memory, actions: [] }
  const weight = weightIn(idle.then)
  if (weight === null) return { memory: { ...memory, idleSinceMs: null }, actions: [{ kind: 'pause', rule, text: `paused: it did next to nothing for ${idle.after}` }] }
  if (before.weightBefore !== null || seen.cpuWeight <= weight) return { memory, actions: [] }
  return { memory: { ...memory, weightBefore: seen.cpuWeight }, actions: [{ kind: 'weight', rule, weight, text: `weight ${weight} instead of ${seen.cpuWeight}: it did next to nothing for ${idle.after}` }] }
}

/** Memory moves slowly down and quickly up: what is taken too early is asked for again. */
const shrinkEveryMs = 15_000
const growEveryMs = 2_000
const plentyShare = 0.4
const scarceShare = 0.15
const shareMoved = 0.1
const stepMiB = 16

/** Takes a tenth when two fifths lie idle, gives a fifth back when less than a seventh is left. */
function decideMemory({ memory: policy }: Policies, before: Memory, seen: Observation): Decision {
  const none = { memory: before, actions: [] }
  const reading = seen.memory
  if (policy?.auto !== true || reading === null || seen.state !== 'running' || reading.totalMiB <= 0) return none
  const floor = Math.max(reading.floorMiB, policy.floor === undefined ? 0 : amountMiB(policy.floor))
  // Without a ceiling the guest keeps what a person gave it beyond its boot memory, until it lies idle.
  const ceiling = policy.ceiling === undefined ? Math.max(reading.bootMiB, reading.actualMiB) : amountMiB(policy.ceiling)
  const left = reading.availableMiB / reading.totalMiB
  const sinceMs = seen.atMs - before.lastMemoryMoveMs
  const fit = (target: number) => Math.max(Math.min(floor, ceiling), Math.min(ceiling, Math.round(target / stepMiB) * stepMiB))
  const move = (targetMiB: number, text: string): Decision => ({ memory: { ...before, lastMemoryMoveMs: seen.atMs }, actions: [{ kind: 'memory', rule: 'memory: auto', targetMiB, text }] })
  if (left < scarceShare && sinceMs >= growEveryMs) {
    const target = fit(reading.actualMiB + reading.bootMiB * shareMoved * 2)
    if (target > reading.actualMiB) return move(target, `was given ${Math.round(target - reading.actualMiB)} MiB: it had ${Math.round(reading.availableMiB)} MiB left`)
  }
  if (left > plentyShare && sinceMs >= shrinkEveryMs && !reading.following) {
    const target = fit(reading.actualMiB - reading.bootMiB * shareMoved)
    if (target < reading.actualMiB) return move(target, `gave ${Math.round(reading.actualMiB - target)} MiB back: ${Math.round(reading.availableMiB)} MiB lay idle`)
  }
  return none
}
