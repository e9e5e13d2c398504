import { type Browser, type Page, expect, test } from '@playwright/test'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import type { Connection } from '../../src/contract/connection.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { readQrCode } from '../../src/screen/qr.ts'
import { TestHome, inGuest, linux, until, windows } from '../support/diptych.ts'

/**
 * The window on two live guests, as a person uses it. The tests of this file share one pair and one page and build on
 * each other in order; a test that fails leaves the rest unrun.
 */
test.describe.configure({ mode: 'serial' })

/** The pictures in docs/ are made here: DIPTYCH_SCREENSHOTS=docs/screenshots npm test -- --only e2e */
const screenshots = process.env['DIPTYCH_SCREENSHOTS'] ?? 'test-results/screenshots'

let home: TestHome
let connection: Connection
let page: Page
let url: string

test.beforeAll(async ({ browser }) => {
  test.setTimeout(1_800_000)
  home = new TestHome()
  ;({ url } = await home.serve('--up'))
  connection = await home.connect()
  page = await browser.newPage()
})

test.afterAll(async () => {
  connection?.close()
  await home?.dispose()
})

/** The QR code on a guest's screen as the window draws it. */
async function qrInWindow(name: GuestName): Promise<string | null> {
  const canvas = page.getByTestId(`screen-${name}`).locator('canvas')
  if ((await canvas.count()) === 0) return null
  const { width, height, data } = await canvas.evaluate((element: HTMLCanvasElement) => {
    const pixels = element.getContext('2d')?.getImageData(0, 0, element.width, element.height).data ?? new Uint8ClampedArray()
    let text = ''
    for (let at = 0; at < pixels.length; at += 32_768) text += String.fromCharCode(...pixels.subarray(at, at + 32_768))
    return { width: element.width, height: element.height, data: btoa(text) }
  })
  return readQrCode({ width, height, pixels: new Uint8ClampedArray(Buffer.from(data, 'base64')) })
}

const state = (name: GuestName) => page.getByTestId(`state-${name}`)
const slider = (name: GuestName, control: string) => page.getByTestId(`slider-${name}-${control}`)
const view = async (name: GuestName) => (await connection.client.guest.get({ name })).view

test('the checklist turns into the stage, with both guests running', async () => {
  await page.goto(url)
  await expect(page.getByTestId('stage')).toBeVisible({ timeout: 900_000 })
  for (const name of [linux, windows]) await expect(state(name)).toHaveText(/^Running/, { timeout: 900_000 })
  await expect(page.getByTestId('checklist')).toBeHidden()
  await expect(page.getByTestId('status-bar')).toContainText(/KVM|TCG/)
  await expect(page.getByTestId('guest-windows')).toContainText('Windows stand-in (Wine)')
})

test('each screen in the window shows the page of the other guest, with its nonce', async () => {
  for (const [from, to] of [
    [linux, windows],
    [windows, linux],
  ] as const) {
    await until(async () => (await view(to)).agent === 'live', `the agent of ${to}`)
    await until(async () => (await qrInWindow(from)) === (await inGuest(connection, to, 'nonce')), `the nonce of ${to} on the screen of ${from}`)
  }
  await expect(page.getByTestId('wire-last-request')).toHaveText(/^(linux → windows|windows → linux) GET \/ 200, \d+ ms$/)
})

test('a slider moved by keyboard takes effect, and says what is in force', async () => {
  const thumb = slider(linux, 'cpuCap').getByRole('slider')
  await thumb.focus()
  await thumb.press('ArrowLeft')
  await expect(slider(linux, 'cpuCap')).not.toHaveAttribute('data-requested', 'unlimited')
  const asked = await slider(linux, 'cpuCap').getAttribute('data-requested')
  await expect(slider(linux, 'cpuCap')).toHaveAttribute('data-effective', asked ?? '')
  expect((await view(linux)).controls.cpuCap.effective).toBe(Number(asked))
  await thumb.press('End')
  await expect(slider(linux, 'cpuCap')).toHaveAttribute('data-effective', 'unlimited')
})

test('a typed memory value is followed by the guest itself', async () => {
  // The guest's own count of pages it has given to the balloon (vmstat), not what QEMU or Diptych say of it.
  const givenMiB = async () => {
    const { stdout } = await connection.client.guest.exec({ name: windows, path: '/bin/cat', args: ['/proc/vmstat'] })
    const pages = (counter: string) => Number(new RegExp(`^${counter} (\\d+)`, 'm').exec(stdout)?.[1])
    return ((pages('balloon_inflate') - pages('balloon_deflate')) * 4) / 1024
  }
  expect(await givenMiB()).toBe(0)
  const field = slider(windows, 'memory').getByRole('textbox')
  await field.fill('704')
  await field.press('Enter')
  await expect(slider(windows, 'memory')).toHaveAttribute('data-effective', '704')
  await until(async () => (await givenMiB()) === 64, 'the guest to have given 64 MiB')
  await field.fill('768')
  await field.press('Enter')
  await expect(slider(windows, 'memory')).toHaveAttribute('data-effective', '768')
  await until(async () => (await givenMiB()) === 0, 'the guest to have its memory back')
})

test('an illegal value is refused in words and changes nothing', async () => {
  const field = slider(windows, 'memory').getByRole('textbox')
  await field.fill('99999')
  await field.press('Enter')
  await expect(slider(windows, 'memory')).toHaveAttribute('data-effective', '768')
  expect((await view(windows)).controls.memory.requested).toBe(768)
})

test('the link can be cut and mended in the wire', async () => {
  const link = page.getByTestId('link-linux')
  await link.getByRole('switch').click()
  await expect(link).toHaveAttribute('data-status', 'cut')
  const [cut] = await connection.client.web.probe({ from: windows, to: linux, timeoutMs: 5_000 })
  expect(cut?.status).toBe(0)
  await link.getByRole('switch').click()
  await expect(link).toHaveAttribute('data-status', 'up')
  await until(async () => (await connection.client.web.probe({ from: windows, to: linux }))[0]?.status === 200, 'the page to open again')
})

/** Runs in the guest: 48 once any input device has given two events (struct input_event, 24 bytes), 0 after a minute. */
const listenForKeys = `
mkdir -p /tmp/heard; cd /tmp/heard; readers=
for device in /dev/input/event*; do head -c 48 "$device" > "\${device##*/}" & readers="$readers $!"; done
try=0; heard=0
while [ $heard = 0 ] && [ $try -lt 120 ]; do
  for file in *; do [ "$(wc -c < "$file")" -ge 48 ] && heard=48; done
  sleep 0.5; try=$((try + 1))
done
kill $readers; echo $heard`

test('keys reach the guest after a click, and come back with the release chord', async () => {
  const listening = connection.client.guest.exec({
    name: linux,
    path: '/bin/sh',
    args: ['-c', listenForKeys],
    timeoutMs: 120_000,
  })
  await page.getByTestId('screen-linux').locator('canvas').click()
  await expect(page.getByTestId('guest-linux')).toContainText(/keys|Keys/)
  const typing = setInterval(() => void page.keyboard.press('F2'), 1_000)
  const { stdout } = await listening.finally(() => clearInterval(typing))
  expect(Number(stdout.trim())).toBe(48)
  await page.keyboard.down('ControlLeft')
  await page.keyboard.down('AltLeft')
  await page.keyboard.up('AltLeft')
  await page.keyboard.up('ControlLeft')
  await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).not.toBe('CANVAS')
})

test('every action is in the palette: pause and resume by keyboard alone', async () => {
  await page.keyboard.press('Control+k')
  const palette = page.getByTestId('palette')
  await expect(palette).toBeVisible()
  await page.keyboard.type('pause linux')
  await page.keyboard.press('Enter')
  await expect(state(linux)).toHaveText(/^Paused/)
  expect((await view(linux)).state).toBe('paused')
  await page.keyboard.press('Control+k')
  await page.keyboard.type('resume linux')
  await page.keyboard.press('Enter')
  await expect(state(linux)).toHaveText(/^Running/)
})

test('a screenshot of a guest is a PNG of its own size', async () => {
  await page.getByTestId('view-windows').click()
  const downloading = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: /screenshot/i }).click()
  const path = await (await downloading).path()
  const { width, height } = PNG.sync.read(readFileSync(path))
  expect([width, height]).toEqual([1280, 800])
})

test('pictures of the stage, light and dark, small and large', async ({ browser }) => {
  mkdirSync(screenshots, { recursive: true })
  await until(async () => (await qrInWindow(linux)) !== null && (await qrInWindow(windows)) !== null, 'both pages on screen')
  for (const [width, height] of [
    [1280, 800],
    [1920, 1080],
  ] as const) {
    for (const colorScheme of ['dark', 'light'] as const) await picture(browser, { width, height }, colorScheme)
  }
})

async function picture(browser: Browser, viewport: { width: number; height: number }, colorScheme: 'dark' | 'light'): Promise<void> {
  const context = await browser.newContext({ viewport, colorScheme })
  const fresh = await context.newPage()
  const complaints: string[] = []
  fresh.on('pageerror', (error) => complaints.push(error.message))
  await fresh.goto(url)
  for (const name of [linux, windows]) {
    await expect(fresh.getByTestId(`state-${name}`)).toHaveText(/^Running/)
    await expect(fresh.getByTestId(`screen-${name}`).locator('canvas')).toBeVisible()
  }
  await expect(fresh.getByTestId('wire-last-request')).toContainText('GET / 200')
  await fresh.waitForTimeout(6_000) // sparklines and both screens fill
  await fresh.screenshot({ path: join(screenshots, `stage-${viewport.width}x${viewport.height}-${colorScheme}.png`) })
  expect(complaints).toEqual([])
  await context.close()
}

test('a page without the token gets nothing', async ({ browser }) => {
  const stranger = await browser.newPage()
  await stranger.goto(url.replace(/#.*/, '#token=00'))
  await expect(stranger.getByTestId('stage')).toBeHidden()
  await stranger.close()
})

test('when the host is killed the window says so, the guests go on, and a new host takes them over', async () => {
  const startedAt = (await view(linux)).startedAt
  connection.close()
  await home.crash()
  await expect(page.getByText(/reconnect|not heard|lost/i).first()).toBeVisible()
  const again = await home.serve('--up')
  url = again.url
  connection = await home.connect()
  await page.goto(url)
  for (const name of [linux, windows]) await expect(state(name)).toHaveText(/^Running/)
  expect((await view(linux)).startedAt).toBe(startedAt)
  await until(async () => (await qrInWindow(linux)) !== null, 'the page on the screen again')
})

/** Last: the pages may be laid out anew for each size. */
test('the guest follows the window when its screen is set to resize', async () => {
  const canvas = page.getByTestId('screen-linux').locator('canvas')
  const size = () => canvas.evaluate((element: HTMLCanvasElement) => [element.width, element.height].join('x'))
  const choose = async (name: RegExp) => {
    await page.getByTestId('view-linux').click()
    await page.getByRole('menuitemradio', { name }).click()
    await page.keyboard.press('Escape')
  }
  expect(await size()).toBe('1280x800')
  await choose(/resize/i)
  await expect.poll(size).not.toBe('1280x800')
  const box = await page.getByTestId('screen-linux').boundingBox()
  await expect.poll(async () => Math.abs(Number((await size()).split('x')[0]) - (box?.width ?? 0))).toBeLessThanOrEqual(8) // modes are a multiple of 8 wide
  await choose(/fit/i)
  await expect.poll(size).toBe('1280x800') // not left at a size that fits nobody's frame any more
})
