import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { findResources } from '../../main/resources.ts'
import { GuestName } from '../../src/contract/names.ts'
import { base, CloneHome, tiny } from '../integration/clone/clone-home.ts'
import { BareMachine, type BareOrder } from './clone-bare.ts'
import { type BenchDocument, type Figure, figure, machine } from './document.ts'

const sizes = [256, 1024, 4096] as const
const runs = 5
const crowds = [1, 5, 10] as const

/** Milliseconds until it runs, and until its agent answers. */
interface Reading {
  readonly running: number
  readonly answers: number
}

/**
 * From the request for a clone through the contract until it runs, until its agent answers, and until it has been told its new
 * name. Beside the same QEMU started by a bare script on the same saved memory, with and without a network card of its own;
 * a cold boot of the same guest; and a restore of its whole memory from one file: all in turns. Then what memory each of
 * 1, 5 and 10 clones has for itself.
 */
export async function run(): Promise<BenchDocument> {
  const figures: Figure[] = []
  const answers = new Map<number, number[]>()
  let about: BenchDocument['machine'] | null = null
  for (const memoryMiB of sizes) {
    const home = new CloneHome(memoryMiB, tinyGuestDirectory())
    try {
      await home.open()
      const { accelerator, qemu } = await home.client.host.info()
      about = machine(accelerator.kind, qemu ?? 'none')
      const { measured, pausedMs } = await measure(home, memoryMiB)
      const { ours, bare, carded, cold, restored } = measured
      const running = (readings: readonly Reading[]) => readings.map((reading) => reading.running)
      const answering = (readings: readonly Reading[]) => readings.map((reading) => reading.answers)
      answers.set(memoryMiB, answering(ours))
      figures.push(
        figure('clone', `running-${memoryMiB}MiB-vs-bare`, 'ms', 'lower', running(ours), running(bare)),
        figure('clone', `running-${memoryMiB}MiB-vs-bare-with-card`, 'ms', 'lower', running(ours), running(carded)),
        figure('clone', `answers-${memoryMiB}MiB-vs-bare`, 'ms', 'lower', answering(ours), answering(bare)),
        figure('clone', `answers-${memoryMiB}MiB-vs-bare-with-card`, 'ms', 'lower', answering(ours), answering(carded)),
        figure('clone', `named-${memoryMiB}MiB`, 'ms', 'lower', measured.named, null),
        figure('clone', `cold-boot-${memoryMiB}MiB-vs-clone`, 'ms', 'higher', answering(cold), answering(ours)),
        figure('clone', `whole-restore-${memoryMiB}MiB-vs-clone`, 'ms', 'higher', answering(restored), answering(ours)),
        figure('clone', `template-pause-${memoryMiB}MiB`, 'ms', 'lower', [pausedMs], null),
      )
      if (memoryMiB === sizes[0]) figures.push(...(await privateMemory(home)))
    } finally {
      await home.dispose()
    }
  }
  figures.push(figure('clone', 'answers-4096MiB-vs-256MiB', 'ms', 'lower', answers.get(4096) ?? [], answers.get(256) ?? []))
  if (about === null) throw new Error('nothing was measured')
  return { bench: 'clone', machine: about, figures }
}

async function measure(home: CloneHome, memoryMiB: number) {
  await home.client.guest.start({ name: tiny, force: true })
  await home.agentLive(tiny)
  const cold: BareOrder = orderOf(home, tiny, null)
  const { pausedMs } = await home.client.template.make({ guest: tiny, name: base, kind: 'live' })
  await home.client.guest.stop({ name: tiny, mode: 'force' })
  const whole = await BareMachine.saveWhole(cold)
  const measured = { ours: [] as Reading[], bare: [] as Reading[], carded: [] as Reading[], cold: [] as Reading[], restored: [] as Reading[], named: [] as number[] }
  for (let run = 0; run < runs; run += 1) {
    const name = GuestName.parse(`run-${run}`)
    const ours = await throughDiptych(home, name)
    const bare = orderOf(home, name, join(home.data, 'templates', base, 'overlay.qcow2'))
    await home.client.guest.stop({ name, mode: 'force' })
    const state = join(home.data, 'templates', base, 'device.state')
    measured.ours.push(ours)
    measured.named.push(ours.named)
    measured.bare.push(await BareMachine.measure(bare, state))
    measured.carded.push(await BareMachine.measure({ ...bare, card: true }, state))
    measured.restored.push(await BareMachine.measure({ ...cold, whole: true }, whole))
    measured.cold.push(await BareMachine.measure(cold, null))
    const last = (readings: readonly Reading[]) => [readings.at(-1)?.running, readings.at(-1)?.answers].map((value) => Math.round(value ?? 0)).join('/')
    const { ours: own, bare: floor, carded, restored, cold: boot } = measured
    process.stderr.write(`${memoryMiB} MiB ${run + 1}/${runs}: ours ${last(own)} (named ${Math.round(ours.named)}), bare ${last(floor)}, with card ${last(carded)}, whole ${last(restored)}, cold ${last(boot)} ms\n`)
  }
  return { measured, pausedMs: pausedMs ?? 0 }
}

async function throughDiptych(home: CloneHome, name: GuestName): Promise<Reading & { named: number }> {
  const stop = new AbortController()
  const events = await home.client.guest.watch(undefined, { signal: stop.signal })
  const begun = performance.now()
  const heard = (async () => {
    let answers = Number.NaN
    for await (const event of events) {
      if (event.type !== 'changed' || event.guest.view.name !== name) continue
      const { agent, milestones } = event.guest.view
      if (milestones.agentMs !== null && Number.isNaN(answers)) answers = performance.now() - begun
      if (agent === 'live') return { answers, named: performance.now() - begun }
    }
    throw new Error(`${name} was not heard of to the end`)
  })()
  await home.client.template.clone({ from: { template: base }, name, force: true })
  const running = performance.now() - begun
  const told = await heard
  stop.abort()
  return { running, ...told }
}

/** Kernel's count of pages that no other process shares, KiB (proc(5), smaps_rollup). */
async function privateMemory(home: CloneHome): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const crowd of crowds) {
    const { guests } = await home.client.template.clone({ from: { template: base }, count: crowd, force: true })
    const names = guests.map(({ view }) => view.name)
    await Promise.all(names.map((name) => home.agentLive(name)))
    const each = names.map((name) => {
      const rollup = readFileSync(`/proc/${processOf(home, name)}/smaps_rollup`, 'utf8')
      return [...rollup.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB$/gm)].reduce((sum, [, kib]) => sum + Number(kib), 0) / 1024
    })
    figures.push(figure('clone', `private-memory-of-each-of-${crowd}`, 'MiB', 'lower', each, null))
    for (const name of names) await home.client.guest.stop({ name, mode: 'force' })
  }
  return figures
}

function orderOf(home: CloneHome, name: GuestName, overlay: string | null): BareOrder {
  const runDirectory = join(home.directory, 'run', 'g', name)
  const command = readFileSync(`/proc/${processOf(home, name)}/cmdline`, 'utf8').split('\0').slice(0, -1)
  return { command, runDirectory, diskPath: join(home.data, 'guests', name, 'disk.qcow2'), overlay, directory: join(home.data, 'guests', 'bare'), whole: false, card: false }
}

function processOf(home: CloneHome, name: GuestName): number {
  return (JSON.parse(readFileSync(join(home.directory, 'run', 'g', name, 'run.json'), 'utf8')) as { process: { pid: number } }).process.pid
}

function tinyGuestDirectory(): string {
  const directory = join(process.env['DIPTYCH_CACHE'] ?? join(homedir(), '.cache', 'diptych'), 'diptych-tiny-guest-2')
  execFileSync(join(findResources().root, 'test/integration/engine/build-tiny-guest.sh'), [directory], { stdio: ['ignore', 'inherit', 'inherit'] })
  return directory
}
