import { asArray, asObject, asString, type Json, type JsonObject } from './json.ts'
import type { QmpSession } from './qmp-session.ts'

/** One place for a vCPU (QEMU, docs/system/cpu-hotplug.rst). `path` is null while nothing is in it. */
export interface CpuSlot {
  readonly type: string
  readonly props: JsonObject
  readonly path: string | null
}

/** Every place there is, `-smp …,maxcpus=…`, in the order in which they are filled. */
export async function readCpuSlots(qmp: QmpSession): Promise<CpuSlot[]> {
  const slots = asArray(await qmp.execute('query-hotpluggable-cpus')).map(asObject)
  return slots.map((slot) => ({ type: asString(slot['type']) ?? '', props: placeOf(slot['props']), path: asString(slot['qom-path']) })).sort((a, b) => rank(a) - rank(b))
}

/** The vCPUs that were plugged while the machine ran, as `device_add` made them: a machine restored from a state needs the same. */
export function pluggedCpus(slots: readonly CpuSlot[]): JsonObject[] {
  return slots.filter(isPluggedLater).map((slot) => ({ driver: slot.type, id: idOf(slot), ...slot.props }))
}

/** Plugs vCPUs until there are `count`. The guest brings them online, or its agent does. */
export async function plugCpus(qmp: QmpSession, count: number): Promise<void> {
  const slots = await readCpuSlots(qmp)
  const missing = count - slots.filter((slot) => slot.path !== null).length
  for (const slot of slots.filter((each) => each.path === null).slice(0, Math.max(0, missing))) {
    await qmp.execute('device_add', { driver: slot.type, id: idOf(slot), ...slot.props })
  }
}

/**
 * Asks the guest to let go of the vCPUs above `count`; those that it booted with stay. QEMU says DEVICE_DELETED when one is
 * gone. Never under emulation: QEMU 7.2 corrupts its own memory there and dies when the next one is plugged (seen here).
 */
export async function unplugCpus(qmp: QmpSession, count: number): Promise<void> {
  const filled = (await readCpuSlots(qmp)).filter((slot) => slot.path !== null)
  const surplus = filled.slice(count).filter(isPluggedLater)
  for (const slot of surplus.toReversed()) {
    await qmp.execute('device_del', { id: idOf(slot) }).catch((error: unknown) => {
      if (!String(error).includes('already in the process of unplug')) throw error
    })
  }
}

function isPluggedLater({ path }: CpuSlot): boolean {
  return path?.startsWith('/machine/peripheral/') === true
}

/** Without `node-id`: QEMU adds one to the answer that machines without NUMA nodes do not need back. */
function placeOf(props: Json | undefined): JsonObject {
  const { 'node-id': _node, ...place } = asObject(props)
  return place
}

function idOf({ props }: CpuSlot): string {
  return `vcpu-${placeNumbers(props).join('-')}`
}

function rank({ props }: CpuSlot): number {
  return placeNumbers(props).reduce((sum, number) => sum * 1_024 + number, 0)
}

function placeNumbers(props: JsonObject): number[] {
  return ['socket-id', 'die-id', 'core-id', 'thread-id'].map((key) => (typeof props[key] === 'number' ? props[key] : 0))
}
