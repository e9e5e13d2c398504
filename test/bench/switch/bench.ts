import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GuestName, MacAddress, stageNetwork } from '../../../src/contract/names.ts'
import type { SwitchClient } from '../../../src/network/client.ts'
import { startOrAdoptSwitch } from '../../../src/node/switch/start-or-adopt.ts'
import { portSocketPath } from '../../../src/node/switch/switch-record.ts'
import { figure, machine, type BenchDocument, type Figure } from '../document.ts'
import { Endpoints, need, type Throughput } from './endpoints.ts'
import { shapingFigures } from './shaping.ts'

const RUNS = 5
const ROUND_TRIPS = 1_500
/** Pairs of guests that send at once, beside one alone (whose sender is full before the switch is; RFC 2889, 5.1, loads all ports). */
const PAIRS = [2, 4]

/**
 * The switch with everything on that is on by default (pinning, meters, HTTP log, storm limit; no shaping) beside
 * vde_switch and a bare socket pair, in turns; then how exactly it shapes. Frames are TCP segments, one write each, as
 * QEMU sends them. What no switch surpasses (the sender's writes alone) and what relays in C reach that look at nothing
 * is set beside the same yardsticks: it says how far a goal can be met on the machine. `entry`: the built switch.
 * Rejects when cc or vde_switch is missing, with the package to install.
 */
export async function run(entry: string = resolve('out/main/switch.js')): Promise<BenchDocument> {
  if (!existsSync(entry)) throw new Error(`${entry} is not built: run npm run build`)
  need('vde_switch', 'vde2')
  const directory = mkdtempSync(join(tmpdir(), 'dswb-'))
  const endpoints = Endpoints.compile(directory)
  const vdeDirectory = join(directory, 'vde')
  const relayPath = join(directory, 'relay')
  const vde = spawn('vde_switch', ['-s', vdeDirectory], { stdio: ['pipe', 'ignore', 'ignore'] })
  const relays = (['copy', 'splice'] as const).map((way) => spawn(endpoints.program, ['relay', `${relayPath}-${way}`, way], { stdio: 'ignore' }))
  const client = await startOrAdoptSwitch({ runtime: join(directory, 'run'), state: join(directory, 'state'), entry })
  try {
    await waitFor(join(vdeDirectory, 'ctl'), vde)
    for (const relay of relays) await waitFor(`${relay.spawnargs[2]}2`, relay)
    for (let number = 1; number <= 2 * Math.max(...PAIRS); number++) await client.definePort({ guest: GuestName.parse(`bench${number}`), mac: MacAddress.parse(`52:54:00:d1:00:0${number}`) })
    const ours = `stream:${portSocketPath(join(directory, 'run'), stageNetwork, GuestName.parse('bench'))}`
    const figures = [
      ...(await speedFigures(endpoints, { ours, vde: `vde:${vdeDirectory}`, copy: `stream:${relayPath}-copy`, splice: `stream:${relayPath}-splice` })),
      ...(await stallFigures(endpoints, ours, client)),
      ...(await shapingFigures(endpoints, ours, client)),
    ]
    figures.push(figure('switch', 'resident-after-all', 'MiB', 'lower', [(await client.statistics()).residentMiB], null))
    return { bench: 'switch', machine: machine('none', 'none'), figures }
  } finally {
    await client.shutdown()
    vde.kill()
    for (const relay of relays) relay.kill()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function speedFigures(endpoints: Endpoints, { ours, vde, copy, splice }: Readonly<Record<'ours' | 'vde' | 'copy' | 'splice', string>>): Promise<Figure[]> {
  const small = await alternate([ours, vde, 'pair', 'ceiling'] as const, (each) => (each === 'ceiling' ? endpoints.ceiling(64) : endpoints.throughput(each, 64)))
  const figures = [
    compare('frames-64B-vs-vde_switch', 'frames/s', small[0], small[1], frames),
    compare('frames-64B-vs-socketpair', 'frames/s', small[0], small[2], frames),
    compare('socketpair-frames-64B-vs-vde_switch', 'frames/s', small[2], small[1], frames),
    compare('ceiling-frames-64B-vs-vde_switch', 'frames/s', small[3], small[1], frames),
  ]
  for (const pairs of PAIRS) {
    const together = await alternate([ours, vde], (each) => endpoints.pairs(each, 64, pairs))
    figures.push(compare(`frames-64B-of-${pairs}-pairs-vs-vde_switch`, 'frames/s', together[0], together[1], frames))
  }
  const ordinary = await alternate([ours, vde, 'pair'], (each) => endpoints.throughput(each, 1_514))
  figures.push(compare('throughput-1514B-vs-vde_switch', 'Gbit/s', ordinary[0], ordinary[1], gbit), compare('throughput-1514B-vs-socketpair', 'Gbit/s', ordinary[0], ordinary[2], gbit))
  for (const size of [9_014, 65_535]) {
    const jumbo = await alternate([ours, copy, 'pair', splice], (each) => endpoints.throughput(each, size))
    figures.push(
      compare(`throughput-${size}B-vs-socketpair`, 'Gbit/s', jumbo[0], jumbo[2], gbit),
      compare(`throughput-${size}B-vs-copying-relay`, 'Gbit/s', jumbo[0], jumbo[1], gbit),
      compare(`copying-relay-${size}B-vs-socketpair`, 'Gbit/s', jumbo[1], jumbo[2], gbit),
      compare(`splicing-relay-${size}B-vs-socketpair`, 'Gbit/s', jumbo[3], jumbo[2], gbit),
    )
  }
  const round = await alternate([ours, vde, copy], (each) => endpoints.latency(each, ROUND_TRIPS))
  for (const key of ['p50', 'p99'] as const) {
    const [mine = [], theirs = [], bare = []] = round.map((readings) => readings.map((each) => each[key]))
    figures.push(lower(`latency-${key}-vs-vde_switch`, mine, theirs), lower(`latency-${key}-vs-copying-relay`, mine, bare), lower(`copying-relay-${key}-vs-vde_switch`, bare, theirs))
  }
  return figures
}

/** One frame in twenty goes to a third port, which reads or never does. */
async function stallFigures(endpoints: Endpoints, ours: string, client: SwitchClient): Promise<Figure[]> {
  const backlogs: number[] = []
  const [stalled, reading] = await alternate(['with-staller', 'with-reader'], async (third) => {
    const measured = endpoints.throughput(ours, 1_514, third)
    await sleep(900)
    if (third === 'with-staller') backlogs.push(((await client.statistics()).ports.find((port) => port.guest === 'bench3')?.backlogBytes ?? Number.NaN) / 1_048_576)
    return measured
  })
  return [compare('throughput-1514B-beside-a-stalled-port-vs-a-reading-one', 'Gbit/s', stalled, reading, gbit), figure('switch', 'backlog-of-a-stalled-port', 'MiB', 'lower', backlogs, null)]
}

const frames = (each: Throughput) => each.framesPerSecond
const gbit = (each: Throughput) => each.gbitPerSecond

function compare(id: string, unit: string, ours: Throughput[], yardstick: Throughput[], value: (each: Throughput) => number): Figure {
  return figure('switch', id, unit, 'higher', ours.map(value), yardstick.map(value))
}

function lower(id: string, ours: number[], yardstick: number[]): Figure {
  return figure('switch', id, 'µs', 'lower', ours, yardstick)
}

/** Takes turns, so that whatever else the machine does falls on all alike. */
async function alternate<const Subjects extends readonly string[], Reading>(subjects: Subjects, read: (subject: Subjects[number]) => Promise<Reading>): Promise<{ [Index in keyof Subjects]: Reading[] }> {
  const readings: Reading[][] = subjects.map(() => [])
  for (let turn = 0; turn < RUNS; turn++) for (const [index, subject] of subjects.entries()) readings[index]?.push(await read(subject))
  return readings as { [Index in keyof Subjects]: Reading[] } // one list a subject
}

async function waitFor(path: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + 5_000
  while (!existsSync(path)) {
    if (child.exitCode !== null || performance.now() > deadline) throw new Error(`${child.spawnfile} did not make ${path}`)
    await sleep(20)
  }
}
