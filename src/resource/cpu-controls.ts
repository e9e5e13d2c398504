import type { Control, Mark } from '../contract/control.ts'
import { promisedCpuPercent, type ControlReadings } from './readings.ts'

const lowestCapPercent = 5
export const normalWeight = 100
/** Of two busy guests the lighter keeps a hundredth at least: with less, its machine does not answer for half a minute. */
const lowestWeight = 10
const highestWeight = 1_000

export function vcpuControl(readings: ControlReadings): Control {
  const { limits, running, vcpus, room } = readings
  const requested = readings.requested.vcpus ?? limits.vcpus
  // What it was started with can still be taken offline and brought back.
  const fixed = running && limits.plugUnavailable !== null && (vcpus?.plugged ?? 1) <= 1
  const affordable = room === null ? limits.maximumVcpus : Math.max(1, Math.floor(room.cpuPercent / 100))
  return {
    name: 'vcpus',
    requested,
    effective: running ? (vcpus === null ? null : (vcpus.online ?? vcpus.plugged)) : requested,
    minimum: 1,
    maximum: Math.max(limits.maximumVcpus, requested),
    step: 1,
    unlimited: false,
    unit: 'vCPU',
    marks: [{ value: limits.vcpus, label: 'boot', kind: 'boot' }, ...(limits.maximumVcpus > limits.vcpus ? [{ value: limits.maximumVcpus, label: 'most', kind: 'maximum' } satisfies Mark] : [])],
    applies: running && !fixed ? 'live' : 'next-boot',
    reason: fixed ? limits.plugUnavailable : null,
    ...readings.vcpuFollowing,
    // A cap below the vCPUs keeps the promise down, however many there are.
    ...(affordable < limits.maximumVcpus && (readings.requested.cpuCap === null || readings.requested.cpuCap > (room?.cpuPercent ?? Infinity)) ? { budgetMaximum: affordable } : {}),
  }
}

export function cpuCapControl(readings: ControlReadings): Control {
  const { limits, running, requested, room } = readings
  const vcpus = Math.max(requested.vcpus ?? limits.vcpus, limits.vcpus)
  const maximum = Math.max(1, Math.min(limits.hostCpus, Math.max(vcpus, limits.maximumVcpus) + 1)) * 100
  const isSettled = !running || requested.cpuCap === readings.cpuCap
  const overBudget = room !== null && promisedCpuPercent(vcpus, null) > room.cpuPercent
  return {
    name: 'cpuCap',
    requested: requested.cpuCap,
    effective: running ? readings.cpuCap : requested.cpuCap,
    minimum: lowestCapPercent,
    maximum,
    step: 5,
    unlimited: true,
    unit: 'percent',
    marks: [{ value: 100, label: 'one CPU', kind: 'guide' }],
    applies: limits.cpuCapUnavailable !== null ? 'unavailable' : running ? 'live' : 'next-boot',
    reason: limits.cpuCapUnavailable,
    status: isSettled ? 'settled' : 'following',
    note: null,
    ...(overBudget ? { budgetMaximum: Math.max(lowestCapPercent, Math.floor(room.cpuPercent)) } : {}),
  }
}

export function cpuWeightControl({ running, requested, cpuWeight }: ControlReadings): Control {
  const effective = running ? (cpuWeight?.weight ?? null) : requested.cpuWeight
  const followed = effective === null || effective === requested.cpuWeight
  return {
    name: 'cpuWeight',
    requested: requested.cpuWeight,
    effective,
    minimum: Math.min(lowestWeight, requested.cpuWeight),
    maximum: Math.max(highestWeight, requested.cpuWeight),
    step: 1,
    unlimited: false,
    unit: 'weight',
    marks: [
      { value: normalWeight, label: 'normal', kind: 'guide' },
      { value: highestWeight, label: 'star', kind: 'guide' },
    ],
    applies: running ? 'live' : 'next-boot',
    reason: null,
    status: followed ? 'settled' : 'not-followed',
    note: running ? (cpuWeight?.note ?? null) : null,
  }
}
