import { type Page, expect, test } from '@playwright/test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Connection } from '../../src/contract/connection.ts'
import { GuestName } from '../../src/contract/names.ts'
import { TestHome, inGuest, linux, until, windows } from '../support/diptych.ts'

/** The library and the mixer on live guests, as a person uses them. In order, on one pair, as in stage.spec.ts. */
test.describe.configure({ mode: 'serial' })

const screenshots = process.env['DIPTYCH_SCREENSHOTS'] ?? 'test-results/screenshots'
const clone = GuestName.parse('visitor')

let home: TestHome
let connection: Connection
let page: Page

test.beforeAll(async ({ browser }) => {
  test.setTimeout(1_800_000)
  home = new TestHome()
  const { url } = await home.serve('--up')
  connection = await home.connect()
  page = await browser.newPage()
  await page.goto(url)
  await expect(page.getByTestId('stage')).toBeVisible({ timeout: 900_000 })
  for (const name of [linux, windows]) await until(async () => (await view(name)).agent === 'live', `the agent of ${name}`, 900_000)
})

test.afterAll(async () => {
  for (const { view: guest } of (await connection?.client.guest.list()) ?? []) {
    if (!['defined', 'stopped', 'failed', 'suspended'].includes(guest.state)) await connection.client.guest.stop({ name: guest.name, mode: 'force' })
  }
  connection?.close()
  await home?.dispose()
})

const view = async (name: GuestName) => (await connection.client.guest.get({ name })).view
const card = (name: string) => page.getByTestId(`card-${name}`)
const sh = async (name: GuestName, script: string) => (await connection.client.guest.exec({ name, path: '/bin/sh', args: ['-c', script], timeoutMs: 60_000 })).stdout.trim()

async function choose(name: string, item: string): Promise<void> {
  await page.getByTestId(`card-more-${name}`).click()
  await page.getByRole('menuitem', { name: item }).click()
}

test('every guest has a card with its living picture', async () => {
  await page.keyboard.press('Alt+g')
  for (const name of [linux, windows]) {
    await expect(card(name)).toContainText('Running')
    await expect(card(name).getByRole('img')).toHaveAttribute('src', /^data:image\/png/)
  }
})

test('a snapshot brings the guest back to its instant, memory and disk', async () => {
  await sh(linux, 'echo kept > /root/kept; echo before > /dev/shm/memory')
  await choose(linux, 'Snapshots…')
  const dialog = page.getByTestId('snapshots')
  await dialog.getByLabel('Title', { exact: true }).fill('before the mishap')
  await dialog.getByRole('button', { name: 'Take a snapshot' }).click()
  const taken = dialog.getByTestId('snapshot-before the mishap')
  await expect(taken).toBeVisible()
  await expect(taken.locator('img')).toHaveAttribute('src', /^data:image\/png/)

  await sh(linux, 'rm /root/kept; sync; echo after > /dev/shm/memory')
  await taken.click()
  await dialog.getByRole('button', { name: 'Go back to it…' }).click()
  await dialog.getByLabel('Keep what it is now as a snapshot first').uncheck()
  await dialog.getByRole('button', { name: 'Go back', exact: true }).click()
  await until(async () => (await view(linux)).state === 'running' && (await view(linux)).agent === 'live', 'the guest to go on')
  await until(async () => (await sh(linux, 'cat /root/kept /dev/shm/memory').catch(() => '')) === 'kept\nbefore', 'file and memory of before')
  await dialog.getByRole('button', { name: 'Close' }).click()
})

test('a clone of the running guest is another machine on the same network', async () => {
  await choose(linux, 'Clone…')
  const dialog = page.getByTestId('clone')
  await dialog.getByLabel('Name').fill(clone)
  await dialog.getByRole('button', { name: 'Clone', exact: true }).click()
  await expect(card(clone)).toContainText('Running')
  await until(async () => (await view(clone)).agent === 'live' && (await view(clone)).network.ipv4 !== null, 'agent and address of the clone')
  const [first, second] = [(await view(linux)).network, (await view(clone)).network]
  expect(second.mac).not.toBe(first.mac)
  expect(second.ipv4).not.toBe(first.ipv4)
  await until(async () => (await sh(clone, 'hostname')) === clone, 'the clone to take its own name')
  await until(async () => (await inGuest(connection, windows, 'fetch', `http://${clone}.diptych.internal/`).catch(() => '')) !== '', 'its page, by its own name, in another guest')
})

test('pictures of library and mixer', async () => {
  mkdirSync(screenshots, { recursive: true })
  await page.waitForTimeout(5_000) // every card's picture
  await page.screenshot({ path: join(screenshots, 'library-1280x800-dark.png') })
  await page.keyboard.press('Alt+m')
  await expect(page.getByTestId(`strip-${clone}`)).toBeVisible()
  await page.setViewportSize({ width: 1920, height: 1080 })
  await page.waitForTimeout(8_000) // charts fill
  await page.screenshot({ path: join(screenshots, 'mixer-1920x1080-dark.png') })
  await page.setViewportSize({ width: 1280, height: 800 })
})

test('priority and crossfader move what the kernel and the guests themselves count', async () => {
  await page.getByTestId('strip-linux').getByRole('button', { name: 'Booth star' }).click()
  await expect(page.getByTestId('slider-linux-cpuWeight')).toHaveAttribute('data-effective', '1000')
  await page.keyboard.press('Alt+g')
  await page.getByRole('button', { name: `Take ${await card(clone).getByRole('heading').textContent()} off the stage` }).click()
  await page.keyboard.press('Alt+s')
  const given = async () => Number(await sh(linux, "awk '/^balloon_inflate/{i=$2} /^balloon_deflate/{d=$2} END{print int((i-d)/256)}' /proc/vmstat"))
  const before = await given()
  await page.getByTestId('crossfader').getByRole('slider').focus()
  for (let presses = 0; presses < 3; presses += 1) await page.keyboard.press('ArrowRight')
  await until(async () => (await given()) > before, 'the guest to have given memory')
  await page.getByTestId('crossfader').getByRole('button', { name: 'Undo the crossfade' }).click()
  await until(async () => (await given()) === before, 'the guest to have it back')
})

test('a guest is made, thrown away, brought back and deleted for good', async () => {
  await page.keyboard.press('Alt+g')
  await page.getByRole('button', { name: 'New guest' }).click()
  await page.getByLabel('Empty').check()
  await page.getByLabel('Name').fill('workshop')
  await page.getByLabel('Start it then').uncheck()
  await expect(page.getByRole('button', { name: 'Create' })).not.toHaveAttribute('aria-disabled', 'true')
  await page.getByRole('button', { name: 'Create' }).click()
  await expect(card('workshop')).toContainText('Never started')
  await choose('workshop', 'Delete…')
  await page.getByTestId('confirm').getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByTestId('trash-workshop').getByRole('button', { name: 'Restore' }).click()
  await expect(card('workshop')).toBeVisible()
  await choose('workshop', 'Delete…')
  await page.getByTestId('confirm').getByRole('button', { name: 'Delete', exact: true }).click()
  const thrown = page.getByTestId('trash-workshop')
  await thrown.getByRole('button', { name: 'Delete for good…' }).click()
  await thrown.getByRole('button', { name: 'Delete for good', exact: true }).click()
  await expect(thrown).toBeHidden()
  expect((await connection.client.trash.list()).map(({ name }) => name)).not.toContain('workshop')
})
