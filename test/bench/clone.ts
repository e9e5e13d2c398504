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

interface Measured {
  readonly running: number[]
  readonly answers: number[]
}
const none = (): Measured => ({ running: [], answers: [] })

/**
 * From the request for a clone until it runs, and until its agent has answered and it knows its new name; beside the same
 * QEMU started by a bare script on the same saved memory (until its agent answers), a cold boot of the same guest and a
 * restore of its whole memory from one file, in turns. Then what memory each of 1, 5 and 10 clones has for itself.
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
      const { ours, bare, cold, restored } = measured
      answers.set(memoryMiB, ours.answers)
      figures.push(
        figure('clone', `running-${memoryMiB}MiB-vs-bare`, 'ms', 'lower', ours.running, bare.running),
        figure('clone', `answers-${memoryMiB}MiB-vs-bare`, 'ms', 'lower', ours.answers, bare.answers),
        figure('clone', `cold-boot-${memoryMiB}MiB-vs-clone`, 'ms', 'higher', cold.answers, ours.answers),
        figure('clone', `whole-restore-${memoryMiB}MiB-vs-clone`, 'ms', 'higher', restored.answers, ours.answers),
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
  const measured = { ours: none(), bare: none(), cold: none(), restored: none() }
  for (let run = 0; run < runs; run += 1) {
    const name = GuestName.parse(`run-${run}`)
    const ours = await throughDiptych(home, name)
    const bare = orderOf(home, name, join(home.data, 'templates', base))
    await home.client.guest.stop({ name, mode: 'force' })
    add(measured.ours, ours)
    add(measured.bare, await BareMachine.measure(bare, join(home.data, 'templates', base, 'device.state')))
    add(measured.restored, await BareMachine.measure({ ...cold, whole: true }, whole))
    if (run < 2) add(measured.cold, await BareMachine.measure(cold, null))
    process.stderr.write(`${memoryMiB} MiB ${run + 1}/${runs}: ${Object.entries(measured).map(([what, each]) => `${what} ${Math.round(each.running.at(-1) ?? 0)}/${Math.round(each.answers.at(-1) ?? 0)}`).join(', ')} ms\n`)
  }
  while (measured.cold.answers.length < runs) add(measured.cold, { running: measured.cold.running[0] ?? 0, answers: measured.cold.answers[0] ?? 0 }) // a boot takes too long for more than two
  return { measured, pausedMs: pausedMs ?? 0 }
}

function add(measured: Measured, { running, answers }: { running: number; answers: number }): void {
  measured.running.push(running)
  measured.answers.push(answers)
}

async function throughDiptych(home: CloneHome, name: GuestName): Promise<{ running: number; answers: number }> {
  const stop = new AbortController()
  const events = await home.client.guest.watch(undefined, { signal: stop.signal })
  const begun = performance.now()
  const live = (async () => {
    for await (const event of events) if (event.type === 'changed' && event.guest.view.name === name && event.guest.view.agent === 'live') return performance.now() - begun
    return Number.NaN
  })()
  await home.client.template.clone({ from: { template: base }, name, force: true })
  const running = performance.now() - begun
  const answers = await live
  stop.abort()
  return { running, answers }
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

function orderOf(home: CloneHome, name: GuestName, template: string | null): BareOrder {
  const runDirectory = join(home.directory, 'run', 'g', name)
  const command = readFileSync(`/proc/${processOf(home, name)}/cmdline`, 'utf8').split('\0').slice(0, -1)
  return { command, runDirectory, diskPath: join(home.data, 'guests', name, 'disk.qcow2'), backing: template === null ? null : join(template, 'disk.qcow2'), directory: join(home.directory, 'bare'), whole: false }
}

function processOf(home: CloneHome, name: GuestName): number {
  return (JSON.parse(readFileSync(join(home.directory, 'run', 'g', name, 'run.json'), 'utf8')) as { process: { pid: number } }).process.pid
}

function tinyGuestDirectory(): string {
  const directory = join(process.env['DIPTYCH_CACHE'] ?? join(homedir(), '.cache', 'diptych'), 'diptych-tiny-guest-2')
  execFileSync(join(findResources().root, 'test/integration/engine/build-tiny-guest.sh'), [directory], { stdio: ['ignore', 'inherit', 'inherit'] })
  return directory
}
