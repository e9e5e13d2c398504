import type { ControlChange } from '../src/contract/control.ts'
import type { CrossfadeResult } from '../src/contract/guest.ts'
import type { GuestName } from '../src/contract/names.ts'
import { Refusal } from '../src/contract/refusal.ts'
import type { GuestOwner } from '../src/guest/owner.ts'
import { planCrossfade, type Side, wayBack } from '../src/resource/crossfade.ts'
import type { Room } from '../src/resource/readings.ts'

export interface CrossfadeRequest {
  readonly left: GuestOwner
  readonly right: GuestOwner
  /** 0 to 1, to the right. */
  readonly share: number
  readonly waitMs: number
}

/**
 * Who gives moves first, so that both together never have more than before. Who takes gets of the memory what the host
 * has to promise by then: a guest that is slow to give does not push the host into swap.
 */
export async function crossfade({ left, right, share, waitMs }: CrossfadeRequest, room: (name: GuestName) => Room): Promise<CrossfadeResult> {
  if (left === right) throw new Refusal('unsupported', left.definition.name, 'a crossfade is between two different guests')
  const sides = { left: sideOf(left), right: sideOf(right) }
  const plan = planCrossfade(sides.left, sides.right, share)
  const limits = [...plan.limits]
  const steps = [
    { owner: left, side: sides.left, change: plan.left },
    { owner: right, side: sides.right, change: plan.right },
  ].filter(({ change }) => Object.keys(change).length > 0)
  const gives = ({ side, change }: { side: Side; change: ControlChange }) => change.memory !== undefined && change.memory < (side.controls.memory.requested ?? Infinity)
  for (const { owner, side, change } of steps.toSorted((a, b) => Number(gives(b)) - Number(gives(a)))) {
    await owner.setControls(withinRoom(owner, side, change, room, limits), waitMs, { force: true })
  }
  return {
    moved: steps.flatMap(({ owner, side, change }) => {
      const after = owner.view().controls
      return (['vcpus', 'cpuCap', 'memory'] as const)
        .filter((control) => change[control] !== undefined && after[control].requested !== side.controls[control].requested)
        .map((control) => ({ guest: side.guest, control, before: side.controls[control].requested, after: after[control].requested }))
    }),
    limits,
    undo: steps.length === 0 ? [] : [sides.left, sides.right].flatMap(({ guest, controls }) => wayBack(controls).map((change) => ({ name: guest, change }))),
    guests: [left.current(), right.current()],
  }
}

function sideOf(owner: GuestOwner): Side {
  return { guest: owner.definition.name, controls: owner.view().controls }
}

function withinRoom(owner: GuestOwner, { controls }: Side, change: ControlChange, room: (name: GuestName) => Room, limits: string[]): ControlChange {
  const now = controls.memory.requested ?? 0
  if (owner.machine === null || change.memory === undefined || change.memory <= now) return change
  const affordable = Math.max(now, Math.floor(room(owner.definition.name).memoryMiB / controls.memory.step) * controls.memory.step)
  if (change.memory <= affordable) return change
  limits.push(`${owner.definition.name} was given ${affordable - now} MiB for now: the rest is not free yet`)
  return { ...change, memory: affordable }
}
