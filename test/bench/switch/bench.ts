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
import { Endpoints, need, type Latency, type Throughput } from './endpoints.ts'
import { shapingFigures } from './shaping.ts'

const RUNS = 5
const ROUND_TRIPS = 1_500

/**
 * The switch with everything on that is on by default (pinning, meters, HTTP log, storm limit; no shaping) beside
 * vde_switch, a bare socket pair and a bare relay, in turns; then how exactly it shapes. Frames are TCP segments, one
 * write each, as QEMU sends them. `entry`: the built switch. Rejects when cc or vde_switch is missing, with the package
 * to install.
 */
export async function run(entry: string = resolve('out/main/switch.js')): Promise<BenchDocument> {
  if (!existsSync(entry)) throw new Error(`${entry} is not built: run npm run build`)
  need('vde_switch', 'vde2')
  const directory = mkdtempSync(join(tmpdir(), 'dswb-'))
  const endpoints = Endpoints.compile(directory)
  const vdeDirectory = join(directory, 'vde')
  const relayPath = join(directory, 'relay')
  const vde = spawn('vde_switch', ['-s', vdeDirectory], { stdio: ['pipe', 'ignore', 'ignore'] })
  const relay = spawn(endpoints.program, ['relay', relayPath], { stdio: 'ignore' })
  const client = await startOrAdoptSwitch({ runtime: join(directory, 'run'), state: join(directory, 'state'), entry })
  try {
    await waitFor(join(vdeDirectory, 'ctl'), vde)
    await waitFor(`${relayPath}2`, relay)
    for (const number of [1, 2, 3]) await client.definePort({ guest: GuestName.parse(`bench${number}`), mac: MacAddress.parse(`52:54:00:d1:00:0${number}`) })
    const ours = `stream:${portSocketPath(join(directory, 'run'), stageNetwork, GuestName.parse('bench'))}`
    const figures = [
      ...(await speedFigures(endpoints, { ours, vde: `vde:${vdeDirectory}`, relay: `stream:${relayPath}` })),
      ...(await stallFigures(endpoints, ours, client)),
      ...(await shapingFigures(endpoints, ours, client)),
    ]
    figures.push(figure('switch', 'resident-after-all', 'MiB', 'lower', [(await client.statistics()).residentMiB], null))
    return { bench: 'switch', machine: machine('none', 'none'), figures }
  } finally {
    await client.shutdown()
    vde.kill()
    relay.kill()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function speedFigures(endpoints: Endpoints, { ours, vde, relay }: Readonly<Record<'ours' | 'vde' | 'relay', string>>): Promise<Figure[]> {
  const figures: Figure[] = []
  const small = await alternate([ours, vde, 'pair'], (each) => endpoints.throughput(each, 64))
  figures.push(compare('frames-64B-vs-vde_switch', 'frames/s', small[0], small[1], frames), compare('frames-64B-vs-socketpair', 'frames/s', small[0], small[2], frames))
  const ordinary = await alternate([ours, vde, 'pair'], (each) => endpoints.throughput(each, 1_514))
  figures.push(compare('throughput-1514B-vs-vde_switch', 'Gbit/s', ordinary[0], ordinary[1], gbit), compare('throughput-1514B-vs-socketpair', 'Gbit/s', ordinary[0], ordinary[2], gbit))
  for (const size of [9_014, 65_535]) {
    const jumbo = await alternate([ours, relay, 'pair'], (each) => endpoints.throughput(each, size))
    figures.push(compare(`throughput-${size}B-vs-socketpair`, 'Gbit/s', jumbo[0], jumbo[2], gbit), compare(`throughput-${size}B-vs-bare-relay`, 'Gbit/s', jumbo[0], jumbo[1], gbit))
  }
  const round = await alternate([ours, vde], (each) => endpoints.latency(each, ROUND_TRIPS))
  const p = (key: keyof Latency) => (each: Latency) => each[key]
  figures.push(lower('latency-p50-vs-vde_switch', round[0].map(p('p50')), round[1].map(p('p50'))), lower('latency-p99-vs-vde_switch', round[0].map(p('p99')), round[1].map(p('p99'))))
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
async function alternate<Reading>(subjects: readonly string[], read: (subject: string) => Promise<Reading>): Promise<[Reading[], Reading[], Reading[]]> {
  const readings: [Reading[], Reading[], Reading[]] = [[], [], []]
  for (let turn = 0; turn < RUNS; turn++) for (const [index, subject] of subjects.entries()) readings[index]?.push(await read(subject))
  return readings
}

async function waitFor(path: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + 5_000
  while (!existsSync(path)) {
    if (child.exitCode !== null || performance.now() > deadline) throw new Error(`${child.spawnfile} did not make ${path}`)
    await sleep(20)
  }
}
