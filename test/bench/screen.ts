import type { Browser, Page } from '@playwright/test'
import { join } from 'node:path'
import type { Connection } from '../../src/contract/connection.ts'
import { type Picture, RfbClient } from '../../src/screen/rfb-client.ts'
import { launchChromium } from '../support/chromium.ts'
import { TestHome, inGuest, linux, until } from '../support/diptych.ts'
import { type BenchDocument, type Figure, figure, machine } from './document.ts'
import { pause } from './page-watch.ts'
import { cpuSeconds } from './process-cost.ts'
import { openUnixScreen } from './unix-screen.ts'

const runs = 3
const seconds = 6
const encodings = ['hextile', 'raw'] as const
/** RFC 6143, 7.7. */
const numbers = { hextile: 5, raw: 0 } as const

/** Runs in the page: moves one encoding to the front of what the window asks QEMU for (SetEncodings, RFC 6143, 7.5.2). */
function preferEncoding(chosen: number): void {
  const send = WebSocket.prototype.send
  WebSocket.prototype.send = function (data) {
    if (!(data instanceof Uint8Array) || data[0] !== 2) return send.call(this, data)
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    if (data.length < 4 || data.length !== 4 + view.getUint16(2) * 4) return send.call(this, data)
    const asked = Array.from({ length: view.getUint16(2) }, (_, index) => view.getInt32(4 + index * 4))
    const ordered = [chosen, ...asked.filter((each) => each < 0)] // pseudo-encodings stay, other pictures go
    const message = new Uint8Array(4 + ordered.length * 4)
    message[0] = 2
    new DataView(message.buffer).setUint16(2, ordered.length)
    ordered.forEach((each, index) => new DataView(message.buffer).setInt32(4 + index * 4, each))
    send.call(this, message)
  }
}

/**
 * A busy 1280x800 guest (full-screen noise): updates a second at the window, beside a raw client on the same RFB
 * socket, per encoding, in turns; and what the window and the host pay for it.
 */
export async function run(): Promise<BenchDocument> {
  const home = new TestHome()
  let browser: Browser | null = null
  try {
    const up = await home.run('up')
    if (up.exitCode !== 0) throw new Error(up.stderr)
    const { url, processId } = await home.serve()
    const connection = await home.connect()
    const info = await connection.client.host.info()
    await until(async () => (await connection.client.guest.get({ name: linux })).view.agent === 'live', 'the agent of linux')
    browser = await launchChromium()
    const figures: Figure[] = []
    for (const encoding of encodings) {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
      await page.addInitScript(preferEncoding, numbers[encoding])
      figures.push(...(await compare(home, connection, page, url, encoding, processId)))
      await page.close()
    }
    connection.close()
    return { bench: 'screen', machine: machine(info.accelerator.kind, info.qemu ?? 'none'), figures }
  } finally {
    await browser?.close()
    await home.dispose()
  }
}

async function compare(home: TestHome, connection: Connection, page: Page, url: string, encoding: (typeof encodings)[number], hostId: number): Promise<Figure[]> {
  const ours: number[] = []
  const bare: number[] = []
  const cpu: number[] = []
  for (let run = 0; run < runs; run += 1) {
    await page.goto('about:blank')
    const noise = inGuest(connection, linux, 'screen-noise', String(seconds * 2 + 16))
    await pause(2_000)
    bare.push(await updatesBare(join(home.directory, 'run', 'g', 'linux', 'vnc'), encoding))
    const before = cpuSeconds(hostId)
    ours.push(await updatesInWindow(page, url))
    cpu.push(((cpuSeconds(hostId) - before) / seconds) * 100)
    await noise
  }
  return [figure('screen', `updates-${encoding}`, 'updates/s', 'higher', ours, bare), figure('screen', `host-cpu-${encoding}`, 'percent of a core', 'lower', cpu, null)]
}

/** Updates a second that a client without a window gets from the same socket. */
async function updatesBare(path: string, encoding: (typeof encodings)[number]): Promise<number> {
  const client = new RfbClient(openUnixScreen(path), [encoding])
  await client.open()
  await client.update(false)
  const begun = performance.now()
  const first = client.counters.updates
  let picture: Picture = client.picture
  while (performance.now() - begun < seconds * 1_000) picture = await client.update(true)
  client.close()
  if (picture.width === 0) throw new Error('the screen has no size')
  return (client.counters.updates - first) / ((performance.now() - begun) / 1_000)
}

/**
 * Counts distinct pictures on the window's canvas, sampled at every animation frame: what a person sees change, after
 * network, decoding and drawing.
 */
async function updatesInWindow(page: Page, url: string): Promise<number> {
  await page.goto(url)
  await page.getByTestId('screen-linux').locator('canvas').waitFor()
  await pause(3_000)
  return page.evaluate(async (milliseconds) => {
    const canvas = document.querySelector<HTMLCanvasElement>('[data-testid="screen-linux"] canvas')
    const context = canvas?.getContext('2d')
    if (canvas === null || context === null || context === undefined) throw new Error('the window has no screen of linux')
    const begun = performance.now()
    let changes = 0
    let last = ''
    while (performance.now() - begun < milliseconds) {
      await new Promise((resolve) => requestAnimationFrame(resolve))
      const strip = context.getImageData(canvas.width >> 1, 0, 1, canvas.height).data
      const now = strip.join()
      if (now !== last) changes += 1
      last = now
    }
    return changes / ((performance.now() - begun) / 1_000)
  }, seconds * 1_000)
}
