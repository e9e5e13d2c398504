import { mebibytesInWords } from '../contract/amount.ts'
import type { BudgetShare, HostBudget } from '../contract/host.ts'
import type { GuestName } from '../contract/names.ts'
import type { Room } from './readings.ts'

/** What one running guest is promised and what it uses now. */
export interface GuestShare {
  readonly guest: GuestName
  readonly memoryMiB: number
  readonly usedMiB: number
  readonly cpuPercent: number
  readonly usedCpuPercent: number
}

/** This computer: what it has, and what is in use by everybody. `availableMiB` is what can be had without swapping. */
export interface HostLoad {
  readonly cpus: number
  readonly totalMiB: number
  readonly availableMiB: number
  readonly cpuPercent: number
}

const reserveMiB = 2_048
const reserveShare = 0.2

/** Kept for the host itself: 2 GiB or 20 %, whichever is more, but never more than half of a small computer. */
export function memoryReserveMiB(totalMiB: number): number {
  return Math.round(Math.min(totalMiB / 2, Math.max(reserveMiB, totalMiB * reserveShare)))
}

/**
 * Memory that is promised must be there. CPU time, unlike memory, is shared: the host's own programs compete with the
 * guests by weight, so none is set aside for them.
 */
export function hostBudget(load: HostLoad, guests: readonly GuestShare[]): HostBudget {
  return {
    memory: share(load.totalMiB, memoryReserveMiB(load.totalMiB), load.totalMiB - load.availableMiB, guests.map(({ guest, memoryMiB, usedMiB }) => ({ guest, promised: memoryMiB, inUse: usedMiB }))),
    cpu: share(load.cpus * 100, 0, load.cpuPercent, guests.map(({ guest, cpuPercent, usedCpuPercent }) => ({ guest, promised: cpuPercent, inUse: usedCpuPercent }))),
  }
}

function share(total: number, reserve: number, inUse: number, guests: BudgetShare['guests']): BudgetShare {
  const promised = guests.reduce((sum, each) => sum + each.promised, 0)
  return { total, reserve, limit: total - reserve, promised, inUse, free: total - reserve - promised, guests }
}

/** The most that `guest` may be promised, beside what the others are. */
export function roomFor(guest: GuestName, budget: HostBudget): Room {
  const left = ({ limit, guests }: BudgetShare) => limit - guests.filter((each) => each.guest !== guest).reduce((sum, each) => sum + each.promised, 0)
  return { memoryMiB: left(budget.memory), cpuPercent: left(budget.cpu) }
}

export interface StartRefusal {
  readonly reason: string
  /** Whether a person may insist. */
  readonly certain: boolean
}

/** Why a guest with so much memory could not be started on this computer even if nothing else ran on it; null when it could. */
export function sizeRefusal(memoryMiB: number, totalMiB: number): StartRefusal | null {
  if (memoryMiB > totalMiB) return { certain: true, reason: `it needs ${needed(memoryMiB)}, and this computer has ${there(totalMiB)}` }
  const promisableMiB = Math.floor(totalMiB - memoryReserveMiB(totalMiB))
  if (memoryMiB <= promisableMiB) return null
  return { certain: false, reason: `it needs ${needed(memoryMiB)}, and this computer can promise ${there(promisableMiB)} to guests; the rest is kept for itself` }
}

/** Why a guest with so much memory should not be started now; null when it may. Certain swap is never started into. */
export function startRefusal(memoryMiB: number, room: Room, load: HostLoad): StartRefusal | null {
  if (memoryMiB > load.availableMiB) {
    return { certain: true, reason: `it needs ${needed(memoryMiB)}, and this computer has ${there(load.availableMiB)} left before it must swap` }
  }
  if (memoryMiB <= room.memoryMiB) return null
  return { certain: false, reason: `it needs ${needed(memoryMiB)}, and ${there(room.memoryMiB)} are left to promise; the rest is promised to other guests or kept for this computer itself` }
}

function needed(mebibytes: number): string {
  return mebibytesInWords(mebibytes, Math.ceil)
}

function there(mebibytes: number): string {
  return mebibytesInWords(Math.max(0, mebibytes), Math.floor)
}
