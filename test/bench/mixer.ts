import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '../../src/contract/connection.ts'
import { launchChromium } from '../support/chromium.ts'
import { linux, TestHome, until, windows } from '../support/diptych.ts'
import { type BenchDocument, type Figure, figure, machine } from './document.ts'
import { type Knob, knobsOf } from './mixer-effects.ts'
import { cpuSeconds } from './process-cost.ts'
import { largestRenderer } from './start-window.ts'

const turnsPerKnob = 20
const idleRuns = 3
const idleSeconds = 15

/**
 * From a slider's change, sent by a client, to its effect, measured elsewhere than in our own answer; and what host, switch
 * and window cost while two guests idle, beside the same two QEMUs without them.
 */
export async function run(): Promise<BenchDocument> {
  const home = new TestHome()
  try {
    const { url, processId } = await home.serve('--up')
    const connection = await home.connect()
    await until(async () => {
      const guests = await connection.client.guest.list()
      return guests.length === 2 && guests.every(({ view }) => view.agent === 'live')
    }, 'both agents')
    const info = await connection.client.host.info()
    const figures: Figure[] = []
    for (const knob of knobsOf(connection, linux, qemuOf(home, 'linux'))) figures.push(...(await turn(connection, knob)))
    figures.push(...(await link(connection)))
    figures.push(...(await cost(home, connection, url, processId)))
    return { bench: 'mixer', machine: machine(info.accelerator.kind, info.qemu ?? 'none'), figures }
  } finally {
    await home.dispose()
  }
}

function qemuOf(home: TestHome, name: string): number {
  return (JSON.parse(readFileSync(join(home.directory, 'run', 'g', name, 'run.json'), 'utf8')) as { process: { pid: number } }).process.pid
}

async function turn({ client }: Connection, knob: Knob): Promise<Figure[]> {
  const shell = (line: string) => client.guest.exec({ name: linux, path: '/bin/sh', args: ['-c', line], timeoutMs: 60_000 })
  const latencies: number[] = []
  // The load's command line carries a mark, by which it is found and ended.
  if (knob.load !== null) await shell(`(sh -c ': bench-load; ${knob.load}' >/dev/null 2>&1 </dev/null &)`)
  try {
    await sleep(1_000)
    for (let count = 0; count < turnsPerKnob; count += 1) {
      const which = count % 2 === 0 ? 0 : 1
      const effect = knob.effect(which)
      await sleep(20) // it is looking by now
      const sent = performance.now()
      const answered = client.guest.set({ name: linux, change: knob.changes[which], waitMs: 0, force: true })
      latencies.push(Math.max(0, (await effect) - sent))
      await answered
      await sleep(300)
    }
  } finally {
    if (knob.load !== null) await shell("for p in /proc/[0-9]*; do grep -q '[b]ench-load' $p/cmdline 2>/dev/null && kill -9 ${p#/proc/}; done; true")
  }
  return percentiles(`${knob.id}-effect`, latencies)
}

/** The switch's own answer, with what it has in force. */
async function link({ client }: Connection): Promise<Figure[]> {
  const latencies: number[] = []
  for (let count = 0; count < turnsPerKnob; count += 1) {
    const sent = performance.now()
    await client.guest.set({ name: linux, change: { linkBandwidth: count % 2 === 0 ? 5_000_000 : null }, waitMs: 0 })
    latencies.push(performance.now() - sent)
  }
  return percentiles('link-bandwidth-answer', latencies)
}

function percentiles(id: string, latencies: readonly number[]): Figure[] {
  const p95 = latencies.toSorted((a, b) => a - b)[Math.ceil(latencies.length * 0.95) - 1] ?? Number.NaN
  return [figure('mixer', `${id}-p50`, 'ms', 'lower', latencies, null), figure('mixer', `${id}-p95`, 'ms', 'lower', [p95], null)]
}

/** The browsers in the guests, which ask for the other's page every three seconds, stand still: the guests idle. */
const stopPages = `for p in /proc/[0-9]*; do grep -Eq 'netsurf[-]gtk|browser[.]exe' $p/cmdline 2>/dev/null && kill -STOP \${p#/proc/}; done; true`

/**
 * What host, switch and an open window cost: while both guests show each other's page, which changes every three seconds;
 * and while they idle. Then the pair of QEMUs alone, as idle.
 */
async function cost(home: TestHome, connection: Connection, url: string, hostId: number): Promise<Figure[]> {
  const qemus = [qemuOf(home, linux), qemuOf(home, windows)]
  const switchId = (JSON.parse(readFileSync(join(home.directory, 'run', 'switch.json'), 'utf8')) as { pid: number }).pid
  const used = async (ids: readonly number[]) => {
    const before = ids.map(cpuSeconds)
    await sleep(idleSeconds * 1_000)
    return ids.map((id, index) => ((cpuSeconds(id) - (before[index] ?? 0)) / idleSeconds) * 100)
  }
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  const showing: number[][] = []
  const idle: number[][] = []
  const withHost: number[] = []
  const browser = await launchChromium()
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    await page.goto(url)
    await page.locator('[data-testid^="screen-"] canvas').nth(1).waitFor()
    await sleep(10_000)
    const renderer = largestRenderer()
    const own = [hostId, switchId, ...(renderer === null ? [] : [renderer])]
    for (let count = 0; count < idleRuns; count += 1) showing.push(await used(own))
    for (const name of [linux, windows]) await connection.client.guest.exec({ name, path: '/bin/sh', args: ['-c', stopPages], timeoutMs: 60_000 })
    await sleep(10_000)
    for (let count = 0; count < idleRuns; count += 1) {
      const values = await used([...own, ...qemus])
      idle.push(values.slice(0, own.length))
      withHost.push(sum(values.slice(own.length)))
    }
  } finally {
    await browser.close()
  }
  connection.close()
  await home.crash()
  const alone: number[] = []
  for (let count = 0; count < idleRuns; count += 1) alone.push(sum(await used(qemus)))
  const parts = ['host', 'switch', 'window']
  const each = (state: string, readings: readonly number[][]) => parts.map((part, index) => figure('mixer', `${state}-${part}-cpu`, 'percent of a core', 'lower', readings.map((reading) => reading[index] ?? Number.NaN), null))
  return [figure('mixer', 'idle-host-switch-window-cpu', 'percent of a core', 'lower', idle.map(sum), null), ...each('idle', idle), figure('mixer', 'showing-host-switch-window-cpu', 'percent of a core', 'lower', showing.map(sum), null), ...each('showing', showing), figure('mixer', 'idle-qemu-cpu-with-and-without-host', 'percent of a core', 'lower', withHost, alone)]
}
