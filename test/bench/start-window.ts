import type { Browser } from '@playwright/test'
import { spawn } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { findResources } from '../../main/resources.ts'
import { launchChromium } from '../support/chromium.ts'
import type { TestHome } from '../support/diptych.ts'
import { type Figure, figure } from './document.ts'
import { pause } from './page-watch.ts'
import { cpuSeconds } from './process-cost.ts'

const runs = 3
const idleSeconds = 20
const { root } = findResources()

/** `npm start` on a machine where everything is there: until the window shows both screens, the browser's start included. */
export async function measureWindow(home: TestHome): Promise<Figure[]> {
  const interactive: number[] = []
  const live: number[] = []
  for (let run = 0; run < runs; run += 1) {
    await home.run('down', '--force')
    const begun = performance.now()
    const child = spawn('npm', ['start'], { cwd: root, env: home.env, stdio: ['ignore', 'pipe', 'ignore'], detached: true })
    let browser: Browser | null = null
    try {
      const url = await firstUrl(child.stdout)
      browser = await launchChromium()
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
      await page.goto(url)
      await page.getByTestId('stage').waitFor()
      interactive.push(performance.now() - begun)
      await page.waitForFunction(() => {
        const screens = [...document.querySelectorAll<HTMLCanvasElement>('[data-testid^="screen-"] canvas')]
        const lit = (canvas: HTMLCanvasElement) => canvas.getContext('2d')?.getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1).data.subarray(0, 3).some((value) => value > 0)
        return screens.length === 2 && screens.every(lit)
      })
      live.push(performance.now() - begun)
    } finally {
      await browser?.close()
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
      await new Promise((resolve) => child.once('close', resolve))
    }
  }
  return [figure('start', 'npm-start-to-window', 'ms', 'lower', interactive, null), figure('start', 'npm-start-to-live-screens', 'ms', 'lower', live, null)]
}

async function firstUrl(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const url = /http:\/\/127\.0\.0\.1:\d+\/\S*/.exec(line)?.[0]
    if (url !== undefined) return url
  }
  throw new Error('npm start ended without printing an address')
}

/** CPU (percent of one core) and resident memory of host, switch and window's renderer, both guests running, window open. */
export async function measureIdle(home: TestHome): Promise<Figure[]> {
  const { url, processId } = await home.serve('--up')
  const switchId = (JSON.parse(readFileSync(join(home.directory, 'run', 'switch.json'), 'utf8')) as { pid: number }).pid
  const browser = await launchChromium()
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    await page.goto(url)
    await page.locator('[data-testid^="screen-"] canvas').nth(1).waitFor()
    await pause(10_000)
    const renderer = largestRenderer()
    const processes = [['host', processId], ['switch', switchId], ...(renderer === null ? [] : [['renderer', renderer] as const])] as const
    const before = processes.map(([, id]) => cpuSeconds(id))
    await pause(idleSeconds * 1_000)
    return processes.flatMap(([name, id], index) => [
      figure('start', `idle-cpu-${name}`, 'percent of a core', 'lower', [((cpuSeconds(id) - (before[index] ?? 0)) / idleSeconds) * 100], null),
      figure('start', `idle-resident-${name}`, 'MiB', 'lower', [residentMiB(id)], null),
    ])
  } finally {
    await browser.close()
  }
}

function residentMiB(processId: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${processId}/status`, 'utf8'))?.[1] ?? 0) / 1024
}

/** The page's own process among this process's descendants: the renderer with the most memory. */
export function largestRenderer(): number | null {
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((id) => isOwnRenderer(id))
    .map((id) => ({ id, memory: residentMiB(id) }))
    .toSorted((left, right) => right.memory - left.memory)
  return found[0]?.id ?? null
}

function isOwnRenderer(id: number): boolean {
  try {
    if (!readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('--type=renderer')) return false
    for (let parent = id; parent > 1; ) {
      if (parent === process.pid) return true
      const stat = readFileSync(`/proc/${parent}/stat`, 'utf8')
      parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    }
    return false
  } catch {
    return false // it ended while we looked
  }
}
