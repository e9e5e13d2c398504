import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GuestName } from '../../../src/contract/names.ts'
import type { SnapshotView } from '../../../src/contract/snapshot.ts'
import { markOf } from '../../../src/node/guest-state/snapshot-steps.ts'
import { idleDisk } from '../../../src/node/qemu/disk-snapshot.ts'
import { keptDisks } from '../../../src/node/qemu/kept-disk.ts'
import { entries, tinyGuest, until } from '../engine/fixture.ts'
import { countInGuest, demandSound, endHome, namedMemoryOf, Rig } from './rig.ts'

/** How many times a host is killed; 50 take a quarter of an hour. */
const points = Number(process.env['DIPTYCH_CRASH_POINTS'] ?? 4)
/** At how many of its steps a host kills itself (see kill-at-step.ts): evenly over all that there are. 1000 are all, and take minutes. */
const stepPoints = Number(process.env['DIPTYCH_CRASH_STEPS'] ?? 2)
const steps = ['take', 'restore', 'suspend', 'delete', 'start'] as const
type Step = (typeof steps)[number]
const one = GuestName.parse('one')

describe(`a host that is killed ${points} times while it saves and restores`, () => {
  const tiny = tinyGuest()
  const home = mkdtempSync('/tmp/dc-')
  const out = join(home, 'host')
  let base: SnapshotView
  /** How long each step took when it was let be: where the killing may fall. */
  const typicalMs = new Map<string, number>()

  const withRig = async <T>(work: (rig: Rig) => Promise<T>): Promise<T> => {
    const rig = new Rig(home, tiny)
    try {
      await rig.open()
      return await work(rig)
    } finally {
      rig.close()
    }
  }

  /** Into how many steps each of these came apart when it was let be. */
  const stepsIn = new Map<string, number>()

  /** Lets a host do the step and kills it after `afterMs`, lets it kill itself at a step, or lets it finish. Answers whether it had finished. */
  const hostDoing = async (step: Step | 'open', id: string, kill: { readonly afterMs: number } | { readonly atStep: number } | null, of = home): Promise<boolean> => {
    const atStep = kill !== null && 'atStep' in kill ? [String(kill.atStep)] : []
    const host = spawn(process.execPath, [join(out, 'host.mjs'), of, tiny, step, id, ...atStep], { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    host.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
    const ended = new Promise((resolve) => host.once('exit', resolve))
    const isOver = () => host.exitCode !== null || host.signalCode !== null
    await until('the host to begin', () => said.includes('begun') || isOver())
    const begun = performance.now()
    if (kill !== null && 'afterMs' in kill) await new Promise((resolve) => setTimeout(resolve, kill.afterMs))
    else await until('the host to finish', () => said.includes('steps\n') || isOver())
    if (kill === null) typicalMs.set(step, performance.now() - begun)
    if (kill === null) stepsIn.set(step, Number(/after (\d+) steps/.exec(said)?.[1]))
    host.kill('SIGKILL')
    await ended
    expect(host.exitCode).toBeNull() // killed, not failed
    return said.includes('done')
  }

  /** What a machine with UEFI and a TPM has beside its disk. The tiny guest does not use them: they say when they are of. */
  const beside = [['nvram.fd'], ['tpm', 'tpm2-00.permall'], ['tpm', 'more']].map((path) => join(home, 'data', 'guests', 'one', ...path))
  const writeBeside = (text: string) => {
    mkdirSync(join(home, 'data', 'guests', 'one', 'tpm'), { recursive: true })
    for (const path of beside) writeFileSync(path, text)
  }

  /** Running, counting in memory and on disk, with `base` to go back to. */
  const makeReady = (step: Step) =>
    withRig(async (rig) => {
      if (rig.owner('one').state === 'paused') throw new Error('a guest that ran was left paused')
      if (rig.owner('one').machine === null) await rig.owner('one').request('start')
      await rig.untilAgent()
      writeBeside('later')
      if (step === 'start') await rig.saved.suspending.suspend(one)
      return step === 'delete' ? (await rig.saved.snapshots.take(one, { title: 'to be deleted' })).id : base.id
    })

  /** Whatever the moment was: nothing half done is left, and memory and disk are of one instant. */
  const demandWhole = (step: Step, finished: boolean) =>
    withRig(async (rig) => {
      const directory = rig.directory('one')
      const { snapshots } = await rig.saved.snapshots.tree(one)
      const kept = keptDisks(directory)
      const marks = (await Promise.all(kept.map((path) => idleDisk.list(path)))).flat()
      expect(marks.toSorted()).toEqual(snapshots.map(({ id }) => markOf(id)).toSorted())
      expect(snapshots.filter(({ unusable }) => unusable !== null)).toEqual([])
      expect(entries(directory).filter((name) => !['disk.qcow2', 'snapshots', 'suspended', 'nvram.fd', 'tpm'].includes(name))).toEqual([])
      expect(entries(join(directory, 'snapshots')).filter((name) => name.startsWith('.'))).toEqual([])
      expect(kept.length).toBe(1)
      expect(namedMemoryOf(home)).toEqual([])
      for (const path of [rig.disk(), ...kept]) await demandSound(path, rig.owner('one').machine)
      const found = new Set(beside.map((path) => readFileSync(path, 'utf8')))
      expect([[...found], [...found].every((text) => text === 'later' || step === 'restore')]).toEqual([[step === 'restore' && finished ? 'base' : expect.any(String)], true])
      const { state, machine } = rig.owner('one')
      expect([step, state]).toEqual([step, finished && step === 'suspend' ? 'suspended' : machine === null ? 'suspended' : 'running'])
      if (machine === null) await rig.owner('one').request('start')
      await rig.untilAgent()
      const { memory, disk } = await rig.counted()
      expect(Math.abs(memory - disk)).toBeLessThanOrEqual(1)
      expect(existsSync(join(directory, 'suspended'))).toBe(false)
      for (const { id, title } of snapshots) if (title !== 'base') await rig.saved.snapshots.delete(one, id)
    })

  beforeAll(async () => {
    await build({
      configFile: false,
      logLevel: 'error',
      ssr: { noExternal: true },
      build: { ssr: fileURLToPath(new URL('host-process.ts', import.meta.url)), outDir: out, rolldownOptions: { output: { entryFileNames: 'host.mjs' } } },
    })
    base = await withRig(async (rig) => {
      await rig.owner('one').request('start')
      await rig.untilAgent()
      await rig.shell(countInGuest)
      await until('it to count', async () => (await rig.counted()).memory > 2)
      writeBeside('base')
      return rig.saved.snapshots.take(one, { title: 'base' })
    })
  })
  afterAll(() => endHome(home))

  test.each(steps.slice(0, points))('%s, let be', async (step) => {
    const id = await makeReady(step)
    expect(await hostDoing(step, id, null)).toBe(true)
    await demandWhole(step, true)
  })

  test.each(Array.from({ length: points }, (_, index) => [index, steps[index % steps.length] ?? 'take'] as const))('killed for the %ith time, during %s', async (index, step) => {
    const id = await makeReady(step)
    // Spread over the whole step, a little differently for each round.
    const share = ((index * 0.618_034) % 1) * 1.05
    const finished = await hostDoing(step, id, { afterMs: (typicalMs.get(step) ?? 1_000) * share })
    await demandWhole(step, finished)
  })

  test('killed at each step of the first snapshot of a guest that is off, whose disk has no second name yet', async () => {
    const off = mkdtempSync('/tmp/dc-')
    try {
      const rig = new Rig(off, tiny)
      rig.close()
      let finished = false
      for (let atStep = 2; !finished && atStep <= 2 + 6 * stepPoints; atStep += 2) {
        finished = await hostDoing('take', '', { atStep }, off)
        const next = new Rig(off, tiny)
        await next.open()
        const { snapshots } = await next.saved.snapshots.tree(one)
        const left = [keptDisks(next.directory('one')).length, entries(next.directory('one')).filter((name) => !['disk.qcow2', 'snapshots'].includes(name))]
        expect([atStep, ...left]).toEqual([atStep, snapshots.length === 0 ? 0 : 1, []])
        for (const { id } of snapshots) await next.saved.snapshots.delete(one, id)
        next.close()
      }
    } finally {
      endHome(off)
    }
  })

  test.each(steps)('killed at each of %s’s steps in turn, and once more while the next host opens', async (step) => {
    await makeReady(step)
    const id = await makeReady(step)
    await hostDoing(step, id, null)
    await demandWhole(step, true)
    const all = stepsIn.get(step) ?? expect.fail('it was not counted')
    const stride = Math.max(1, all / stepPoints)
    for (let at = 1 + ((stride * 0.618_034) | 0); at <= all; at += stride) {
      const atStep = Math.floor(at)
      const ready = await makeReady(step)
      const finished = await hostDoing(step, ready, { atStep })
      const again = 1 + (atStep % 12)
      await hostDoing('open', ready, { atStep: again })
      try {
        await demandWhole(step, finished)
      } catch (error) {
        throw new Error(`killed at step ${atStep} of ${all}, then at step ${again} of opening`, { cause: error })
      }
    }
  })
})
