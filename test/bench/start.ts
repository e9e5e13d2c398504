import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { GuestName } from '../../src/contract/names.ts'
import type { Connection } from '../../src/contract/connection.ts'
import { TestHome, until } from '../support/diptych.ts'
import { type BareGuest, copyOf, startBare } from './bare-pair.ts'
import { type BenchDocument, type Figure, figure, machine } from './document.ts'
import { measureIdle, measureWindow } from './start-window.ts'
import { accents, untilPage } from './page-watch.ts'

const names = ['linux', 'windows'] as const
const warmRuns = 5
const coldRuns = 2

/**
 * The pair's start through Diptych beside the same two QEMU command lines started by a bare script, in turns; the way
 * from nothing to a live window; what host, switch and window cost while nothing happens.
 */
export async function run(): Promise<BenchDocument> {
  const home = new TestHome()
  try {
    const up = await home.run('up') // builds what is missing and saves a warm state
    if (up.exitCode !== 0) throw new Error(up.stderr)
    await home.run('down', '--force')
    await home.serve()
    const connection = await home.connect()
    const info = await connection.client.host.info()
    const figures: Figure[] = []
    figures.push(...(await compare(home, connection, 'warm', warmRuns)), ...(await compare(home, connection, 'cold', coldRuns)))
    connection.close()
    await home.crash()
    figures.push(...(await measureWindow(home)), ...(await measureIdle(home)))
    return { bench: 'start', machine: machine(info.accelerator.kind, info.qemu ?? 'none'), figures }
  } finally {
    await home.dispose()
  }
}

async function compare(home: TestHome, connection: Connection, boot: 'warm' | 'cold', runs: number): Promise<Figure[]> {
  const ours = { running: [] as number[], pages: [] as number[] }
  const bare = { running: [] as number[], pages: [] as number[] }
  for (let run = 0; run < runs; run += 1) {
    const measured = await startThroughDiptych(home, connection, boot)
    ours.running.push(measured.runningMs)
    ours.pages.push(measured.pagesMs)
    const script = await startBare(measured.guests)
    await untilSparesReady(measured.guests)
    bare.running.push(script.runningMs)
    bare.pages.push(script.pagesMs)
    const words = (each: { runningMs: number; pagesMs: number }) => `running ${Math.round(each.runningMs)} ms, pages ${Math.round(each.pagesMs)} ms`
    process.stderr.write(`${boot} ${run + 1}/${runs}: Diptych ${words(measured)}; bare script ${words(script)}\n`)
  }
  return [
    figure('start', `pair-${boot}-running`, 'ms', 'lower', ours.running, bare.running),
    figure('start', `pair-${boot}-pages`, 'ms', 'lower', ours.pages, bare.pages),
  ]
}

/**
 * Diptych copies what a warm start writes to ahead of it, some seconds after the last start (docs/decisions/0002); the
 * bare script's copies are made before its clock starts too. Starts that follow each other faster than a person's would
 * pay for that copy, and say nothing about a start.
 */
async function untilSparesReady(guests: readonly BareGuest[]): Promise<void> {
  const ready = ({ warm }: BareGuest) => warm === null || (existsSync(join(warm, 'spares')) && readdirSync(join(warm, 'spares')).some((name) => name.startsWith('spare-')))
  await until(() => guests.every(ready), 'the copies for the next warm start')
}

async function startThroughDiptych(home: TestHome, { client }: Connection, boot: 'warm' | 'cold'): Promise<{ runningMs: number; pagesMs: number; guests: BareGuest[] }> {
  const runtime = join(home.directory, 'run', 'g')
  const begun = performance.now()
  await Promise.all(names.map((name) => client.guest.start({ name: GuestName.parse(name), boot })))
  const runningMs = performance.now() - begun
  const pages = await Promise.all(names.map((name) => untilPage(join(runtime, name, 'vnc'), accents[name === 'linux' ? 'windows' : 'linux'])))
  const pagesMs = Math.max(...pages) - begun
  const guests = names.map((name) => {
    const record = JSON.parse(readFileSync(join(runtime, name, 'run.json'), 'utf8')) as { process: { pid: number } }
    return copyOf(name, record.process.pid, join(runtime, name), join(home.directory, 'data', 'guests', name, 'disk.qcow2'), join(home.directory, 'bare'))
  })
  await Promise.all(names.map((name) => client.guest.stop({ name: GuestName.parse(name), mode: 'force' })))
  await until(async () => (await client.guest.list()).every((guest) => guest.view.state === 'stopped'), 'both guests to stop')
  return { runningMs, pagesMs, guests }
}
