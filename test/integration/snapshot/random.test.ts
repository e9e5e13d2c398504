import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GuestState } from '../../../src/contract/guest.ts'
import { GuestName } from '../../../src/contract/names.ts'
import type { SnapshotId } from '../../../src/contract/snapshot.ts'
import { Refusal } from '../../../src/contract/refusal.ts'
import { stateAs } from '../../../src/guest/carry-out.ts'
import { isAllowed, isAlready } from '../../../src/guest/lifecycle.ts'
import { markOf } from '../../../src/node/guest-state/snapshot-steps.ts'
import { idleDisk } from '../../../src/node/qemu/disk-snapshot.ts'
import { keptDisks } from '../../../src/node/qemu/kept-disk.ts'
import { entries, processesOf, tinyGuest } from '../engine/fixture.ts'
import { demandSound, endHome, namedMemoryOf, Rig } from './rig.ts'
import { randomOf } from '../../fuzz/dice.ts'

/** How many operations in all; 1,000 take some twenty minutes. */
const operations = Number(process.env['DIPTYCH_LIFECYCLE_OPERATIONS'] ?? 60)
const seed = Number(process.env['DIPTYCH_LIFECYCLE_SEED'] ?? 20_261_122)
const names = ['one', 'two', 'three'] as const
const actions = ['start', 'stop', 'forceStop', 'restart', 'pause', 'resume', 'reset', 'suspend', 'take', 'restore', 'delete'] as const
/** A guest that was heard to answer and does not shut down within this never will. */
const hopelessMs = 300_000
type Action = (typeof actions)[number]

/** What a guest should be: its state, and the snapshots it should have. */
interface Model {
  state: GuestState
  snapshots: { id: SnapshotId; live: boolean }[]
}

describe(`${operations} random operations on three guests (seed ${seed})`, () => {
  const home = mkdtempSync('/tmp/dr-')
  const random = randomOf(seed)
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)]
  const models = new Map<string, Model>(names.map((name) => [name, { state: 'defined', snapshots: [] }]))
  /** What guests that answered were asked for. */
  const heard = new Set<Action>()
  let rig: Rig

  beforeAll(async () => {
    rig = new Rig(home, tinyGuest(), names)
    await rig.open()
  })
  afterAll(() => {
    rig.close()
    endHome(home)
  })

  /** Does it to the real guest and to the model; both must agree on whether it may be done. */
  const perform = async (name: string, model: Model, action: Action): Promise<void> => {
    const guest = GuestName.parse(name)
    const owner = rig.owner(name)
    const { snapshots, suspending } = rig.saved
    const target = pick(model.snapshots)
    const up = model.state === 'running' || model.state === 'paused'
    const plain = action === 'take' ? 'snapshot' : action === 'delete' ? 'tend' : action
    if ((action === 'restore' || action === 'delete') && target === undefined) return
    if (!isAllowed(plain, model.state) && !isAlready(plain, model.state)) {
      const attempt = action === 'take' ? snapshots.take(guest) : action === 'suspend' ? suspending.suspend(guest) : owner.request(plain)
      await expect(attempt).rejects.toBeInstanceOf(Refusal)
      return
    }
    switch (action) {
      case 'start':
        await owner.request('start')
        model.state = 'running'
        return
      case 'stop':
      case 'restart':
        // In the midst of its boot a guest does not hear the power button, but it must come to the end of it.
        if (model.state === 'running' && !(await rig.answers(name))) throw new Error(`${name} does not answer`)
        await owner.request(action, { timeoutMs: hopelessMs })
        heard.add(action)
        if (action === 'stop' && up) model.state = 'stopped'
        return
      case 'forceStop':
        await owner.request('forceStop')
        if (up) model.state = 'stopped'
        return
      case 'pause':
        await owner.request('pause')
        model.state = 'paused'
        return
      case 'resume':
        await owner.request('resume')
        model.state = 'running'
        return
      case 'reset':
        await owner.request('reset')
        return
      case 'suspend':
        await suspending.suspend(guest)
        model.state = 'suspended'
        return
      case 'take': {
        const { id, kind } = await snapshots.take(guest, random() < 0.3 ? { kind: 'disk' } : {})
        model.snapshots.push({ id, live: kind === 'live' })
        return
      }
      case 'restore':
        if (target === undefined) return
        await snapshots.restore(guest, target.id)
        model.state = target.live || up ? 'running' : 'stopped'
        return
      case 'delete':
        if (target === undefined) return
        await snapshots.delete(guest, target.id)
        model.snapshots = model.snapshots.filter(({ id }) => id !== target.id)
    }
  }
  test('guests, QEMU, files and the model agree, and nothing is left over', { timeout: 600_000 + operations * 20_000 }, async () => {
    const done: string[] = []
    for (let count = 0; count < operations; count += 1) {
      const name = pick(names) ?? 'one'
      const model = models.get(name) ?? expect.fail('no model')
      const action = pick(actions) ?? 'start'
      done.push(`${count} ${name} ${action} (${model.state})`)
      try {
        await perform(name, model, action)
        expect(rig.owner(name).state).toBe(model.state)
      } catch (error) {
        const own = done.filter((each) => each.includes(` ${name} `))
        throw new Error(`after ${own.slice(-16).join('; ')}`, { cause: error })
      }
    }
    // A short run may draw none of one kind, or only for guests that are off.
    if (operations >= 500) expect([...heard].toSorted()).toEqual(['restart', 'stop'])
    const alive = names.flatMap((name) => rig.owner(name).machine?.processId ?? [])
    expect(processesOf(home).map(Number).toSorted()).toEqual(alive.toSorted())
    for (const name of names) {
      const model = models.get(name) ?? expect.fail('no model')
      const { machine } = rig.owner(name)
      expect(machine === null ? model.state : stateAs(await machine.status())).toBe(model.state)
      const directory = rig.directory(name)
      const ids = model.snapshots.map(({ id }) => id).toSorted()
      expect((await rig.saved.snapshots.tree(GuestName.parse(name))).snapshots.map(({ id }) => id).toSorted()).toEqual(ids)
      const kept = keptDisks(directory)
      expect((await Promise.all(kept.map((path) => idleDisk.list(path)))).flat().toSorted()).toEqual(ids.map((id) => markOf(id)).toSorted())
      for (const path of [rig.disk(name), ...kept]) await demandSound(path, machine)
      expect(entries(directory).filter((each) => !['disk.qcow2', 'snapshots', ...(model.state === 'suspended' ? ['suspended'] : [])].includes(each))).toEqual([])
      expect(entries(join(directory, 'snapshots')).filter((each) => !ids.some((id) => id === each) && !/^(disk-[0-9a-f]{12}\.qcow2|current\.json)$/.test(each))).toEqual([])
      await rig.owner(name).request('forceStop')
    }
    expect(entries(join(rig.directories.runtime, 'g'))).toEqual([])
    expect(namedMemoryOf(home)).toEqual([])
    expect(processesOf(home)).toEqual([])
  })
})
