import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GuestName, MacAddress, stageNetwork } from '../../../src/contract/names.ts'
import type { SwitchClient } from '../../../src/network/client.ts'
import { startOrAdoptSwitch } from '../../../src/node/switch/start-or-adopt.ts'
import { portSocketPath } from '../../../src/node/switch/switch-record.ts'
import { figure, machine, type BenchDocument, type Figure } from '../document.ts'
import endpointSource from './endpoint.c?raw'

interface Throughput {
  readonly framesPerSecond: number
  readonly gbitPerSecond: number
}
interface Latency {
  readonly p50: number
  readonly p99: number
}

const RUNS = 5
const SECONDS = 0.7
const ROUND_TRIPS = 1_500

/**
 * The switch with everything on that is on by default (pinning, meters, HTTP log, storm limit; no shaping) beside
 * vde_switch and a bare socket pair, in turns. Frames are TCP segments, one write each, as QEMU sends them.
 * `entry`: the built switch. Rejects when cc or vde_switch is missing, with the package to install.
 */
export async function run(entry: string = resolve('out/main/switch.js')): Promise<BenchDocument> {
  if (!existsSync(entry)) throw new Error(`${entry} is not built: run npm run build`)
  need('cc', 'gcc and libc6-dev')
  need('vde_switch', 'vde2')
  const directory = mkdtempSync(join(tmpdir(), 'dswb-'))
  const program = join(directory, 'endpoint')
  writeFileSync(`${program}.c`, endpointSource)
  const compiled = spawnSync('cc', ['-O2', '-o', program, `${program}.c`], { encoding: 'utf8' })
  if (compiled.status !== 0) throw new Error(`the endpoints do not compile: ${compiled.stderr}`)
  const vdeDirectory = join(directory, 'vde')
  const vde = spawn('vde_switch', ['-s', vdeDirectory], { stdio: ['pipe', 'ignore', 'ignore'] })
  const client = await startOrAdoptSwitch({ runtime: join(directory, 'run'), state: join(directory, 'state'), entry })
  try {
    await waitFor(join(vdeDirectory, 'ctl'), vde)
    for (const number of [1, 2, 3]) await client.definePort({ guest: GuestName.parse(`bench${number}`), mac: MacAddress.parse(`52:54:00:d1:00:0${number}`) })
    const ports = portSocketPath(join(directory, 'run'), stageNetwork, GuestName.parse('bench'))
    return { bench: 'switch', machine: machine('none', 'none'), figures: await measure(program, `stream:${ports}`, `vde:${vdeDirectory}`, client) }
  } finally {
    await client.shutdown()
    vde.kill()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function measure(program: string, ours: string, vde: string, client: SwitchClient): Promise<Figure[]> {
  const throughput = (transport: string, size: number, ...more: string[]) => ask<Throughput>(program, transport, 'throughput', String(size), String(SECONDS), ...more)
  const figures: Figure[] = []
  const small = await alternate(() => throughput(ours, 64), () => throughput(vde, 64), () => throughput('pair', 64))
  figures.push(compare('frames-64B-vs-vde_switch', 'frames/s', small[0], small[1], frames), compare('frames-64B-vs-socketpair', 'frames/s', small[0], small[2], frames))
  const ordinary = await alternate(() => throughput(ours, 1_514), () => throughput(vde, 1_514), () => throughput('pair', 1_514))
  figures.push(compare('throughput-1514B-vs-vde_switch', 'Gbit/s', ordinary[0], ordinary[1], gbit), compare('throughput-1514B-vs-socketpair', 'Gbit/s', ordinary[0], ordinary[2], gbit))
  for (const size of [9_014, 65_535]) {
    const jumbo = await alternate(() => throughput(ours, size), () => throughput('pair', size))
    figures.push(compare(`throughput-${size}B-vs-socketpair`, 'Gbit/s', jumbo[0], jumbo[1], gbit))
  }
  const stalled = await alternate(() => throughput(ours, 1_514, 'with-staller'), () => throughput(ours, 1_514, 'with-reader'))
  figures.push(compare('throughput-1514B-beside-a-stalled-port-vs-a-reading-one', 'Gbit/s', stalled[0], stalled[1], gbit))
  const round = await alternate(() => ask<Latency>(program, ours, 'latency', '64', String(ROUND_TRIPS)), () => ask<Latency>(program, vde, 'latency', '64', String(ROUND_TRIPS)))
  const p = (key: keyof Latency) => (each: Latency) => each[key]
  figures.push(lower('latency-p50-vs-vde_switch', round[0].map(p('p50')), round[1].map(p('p50'))), lower('latency-p99-vs-vde_switch', round[0].map(p('p99')), round[1].map(p('p99'))))
  for (const megabits of [1, 10, 100, 1_000]) {
    await client.setLink(GuestName.parse('bench1'), { tx: { bitsPerSecond: megabits * 1_000_000 } })
    const shaped = [await throughput(ours, 1_514), await throughput(ours, 1_514), await throughput(ours, 1_514)].map((each) => (each.gbitPerSecond * 1_000) / megabits)
    figures.push(figure('switch', `shaped-${megabits}Mbit-measured-of-asked`, 'share', 'higher', shaped, null))
  }
  await client.setLink(GuestName.parse('bench1'), { tx: { bitsPerSecond: null } })
  figures.push(figure('switch', 'resident-after-all', 'MiB', 'lower', [(await client.statistics()).residentMiB], null))
  return figures
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
async function alternate<Reading>(...readers: (() => Promise<Reading>)[]): Promise<[Reading[], Reading[], Reading[]]> {
  const readings: [Reading[], Reading[], Reading[]] = [[], [], []]
  for (let turn = 0; turn < RUNS; turn++) for (const [index, read] of readers.entries()) readings[index]?.push(await read())
  return readings
}

function ask<Reading>(program: string, ...args: string[]): Promise<Reading> {
  return new Promise((done, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
    // The whole group: the endpoint forks its other side.
    const timer = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'), 60_000)
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(timer)
      if (code === 0) done(JSON.parse(text) as Reading) // our own program's words
      else reject(new Error(`endpoint ${args.join(' ')} ended with ${code}`))
    })
  })
}

function need(program: string, packages: string): void {
  if (spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0) throw new Error(`${program} is missing: apt-get install ${packages}`)
}

async function waitFor(path: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + 5_000
  while (!existsSync(path)) {
    if (child.exitCode !== null || performance.now() > deadline) throw new Error(`vde_switch did not make ${path}`)
    await sleep(20)
  }
}
