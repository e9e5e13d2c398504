import { describe, expect, test } from 'vitest'
import { onlineChanges } from './machine-resources.ts'
import type { Json, JsonObject } from '../../engine/qemu/json.ts'
import { askForMemory, readMemory } from '../../engine/qemu/memory.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'
import { limitDisks } from '../../engine/qemu/throttle.ts'
import { plugCpus, pluggedCpus, readCpuSlots, unplugCpus } from '../../engine/qemu/vcpu.ts'

/** A QMP session that answers by command and remembers what it was told. */
function qmpThat(answers: Record<string, Json | ((parameters: JsonObject) => Json)>) {
  const told: [string, JsonObject | undefined][] = []
  const execute = async (command: string, parameters?: JsonObject) => {
    told.push([command, parameters])
    const answer = answers[command]
    return typeof answer === 'function' ? answer(parameters ?? {}) : (answer ?? {})
  }
  return { qmp: { execute } as unknown as QmpSession, told } // the two functions ask nothing else of a session
}
const MiB = 1_048_576

describe('vCPU slots', () => {
  const slot = (core: number, path?: string): JsonObject => ({ type: 'qemu64-x86_64-cpu', 'vcpus-count': 1, props: { 'core-id': core, 'socket-id': 0, 'thread-id': 0, 'node-id': 0 }, ...(path === undefined ? {} : { 'qom-path': path }) })
  const slots = [slot(3), slot(2), slot(1, '/machine/peripheral/vcpu-0-0-1-0'), slot(0, '/machine/unattached/device[0]')]

  test('are filled in order, without the node that QEMU names', async () => {
    const { qmp, told } = qmpThat({ 'query-hotpluggable-cpus': slots })
    await plugCpus(qmp, 4)
    expect(told.slice(1)).toEqual([2, 3].map((core) => ['device_add', { driver: 'qemu64-x86_64-cpu', id: `vcpu-0-0-${core}-0`, 'core-id': core, 'socket-id': 0, 'thread-id': 0 }]))
  })
  test('only what was plugged while it ran is unplugged, and is what a restored machine needs', async () => {
    const { qmp, told } = qmpThat({ 'query-hotpluggable-cpus': slots })
    await unplugCpus(qmp, 0)
    expect(told.slice(1)).toEqual([['device_del', { id: 'vcpu-0-0-1-0' }]])
    expect(pluggedCpus(await readCpuSlots(qmp))).toEqual([{ driver: 'qemu64-x86_64-cpu', id: 'vcpu-0-0-1-0', 'core-id': 1, 'socket-id': 0, 'thread-id': 0 }])
  })
  test('the first ones are brought online, and one that cannot go offline counts', () => {
    const seen = [{ id: 0, online: true, canOffline: false }, { id: 1, online: false, canOffline: true }, { id: 2, online: true, canOffline: true }]
    expect(onlineChanges(seen, 2)).toEqual([{ id: 1, online: true }, { id: 2, online: false }])
    expect(onlineChanges(seen, 3)).toEqual([{ id: 1, online: true }])
    expect(onlineChanges(seen, 1)).toEqual([{ id: 2, online: false }])
    expect(onlineChanges([], 4)).toEqual([])
  })
})

describe('memory', () => {
  const devices = { bootMiB: 512, hasBalloon: true, canGrow: true, countsBallooned: true }
  const machine = (balloonMiB: number, grownMiB: number) =>
    qmpThat({
      'query-balloon': { actual: balloonMiB * MiB },
      'qom-get': ({ property }) => (property === 'size' ? grownMiB * MiB : { stats: { 'stat-total-memory': 392 * MiB, 'stat-available-memory': 90 * MiB, 'stat-swap-in': 2 ** 64 } }),
    })

  test('the balloon counts neither as total nor as used, where the guest counts it as both', async () => {
    expect(await readMemory(machine(320, 0).qmp, devices)).toEqual({ actualMiB: 320, guestTotalMiB: 200, guestAvailableMiB: 90, swappedInBytes: null })
    expect((await readMemory(machine(320, 0).qmp, { ...devices, countsBallooned: false })).guestTotalMiB).toBe(392)
  })
  test('what was added counts', async () => expect((await readMemory(machine(512, 256).qmp, devices)).actualMiB).toBe(768))
  test('up to the boot memory it is the balloon’s, above it virtio-mem’s, in whole blocks', async () => {
    const { qmp, told } = machine(512, 0)
    await askForMemory(qmp, devices, 301)
    await askForMemory(qmp, devices, 701)
    expect(told.map(([, parameters]) => parameters?.['value'])).toEqual([301 * MiB, 0, 512 * MiB, 188 * MiB])
  })
})

test('disks are limited together; a disc drive and firmware flash are not', async () => {
  const disk = (qdev: string | null, ro: boolean, removable = false): JsonObject => ({ ...(qdev === null ? {} : { qdev }), removable, inserted: { ro, iops: 500, bps: 0 } })
  const { qmp, told } = qmpThat({ 'query-block': [disk('/machine/system.flash1', false), disk('/machine/peripheral/blk0/virtio-backend', false), disk('/machine/peripheral/cd0', true, true), disk('/machine/peripheral/blk1', false), disk(null, false)] })
  expect(await limitDisks(qmp, { iops: 500, bytesPerSecond: null })).toEqual({ iops: 500, bytesPerSecond: null })
  const limited = told.filter(([command]) => command === 'block_set_io_throttle').map(([, parameters]) => [parameters?.['id'], parameters?.['iops'], parameters?.['bps'], parameters?.['group']])
  expect(limited).toEqual([['/machine/peripheral/blk0/virtio-backend', 500, 0, 'disks'], ['/machine/peripheral/blk1', 500, 0, 'disks']])
})
