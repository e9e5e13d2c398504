import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { describe, expect, it } from 'vitest'
import { WindowUnderTest } from './browser.ts'

const window = new WindowUnderTest()
const poll: typeof expect.poll = (read, options) => expect.poll(read, { timeout: 300_000, ...options })

const slider = (page: Page, name: string) => page.getByTestId(`slider-linux-${name}`)
const requested = (page: Page, name: string) => slider(page, name).getAttribute('data-requested')

describe('sliders', () => {
  it('follow the hand and end where it let go', async () => {
    const { page } = await window.open('running')
    const thumb = await slider(page, 'linkBandwidth').getByRole('slider').boundingBox()
    if (thumb === null) throw new Error('the slider has no thumb')
    await page.mouse.move(thumb.x + thumb.width / 2, thumb.y + thumb.height / 2)
    await page.mouse.down()
    await page.mouse.move(thumb.x - 60, thumb.y, { steps: 25 })
    await page.mouse.up()
    const shown = await slider(page, 'linkBandwidth').getByRole('textbox').inputValue()
    expect(shown).toMatch(/bit\/s$/)
    await poll(async () => [await requested(page, 'linkBandwidth'), await slider(page, 'linkBandwidth').getAttribute('data-effective')]).toEqual(Array(2).fill(await requested(page, 'linkBandwidth')))
    expect(Number(await requested(page, 'linkBandwidth'))).toBeGreaterThan(1e6)
  })

  it('step by keys, take typed values, and say what is wrong with others', async () => {
    const { page } = await window.open('running')
    await slider(page, 'memory').getByRole('slider').focus()
    await page.keyboard.press('ArrowLeft')
    await poll(() => requested(page, 'memory')).toBe('960')
    const field = slider(page, 'memory').getByRole('textbox')
    await field.fill('1.5 GiB')
    await field.press('Enter')
    await poll(() => requested(page, 'memory')).toBe('1536')
    await poll(() => slider(page, 'memory').getAttribute('data-effective')).toBe('1536')
    await field.fill('9000')
    await field.press('Enter')
    await page.getByText('Type a value between 256 MiB and 2 GiB.').waitFor()
    expect(await requested(page, 'memory')).toBe('1536')
  })

  it('show why one cannot move and where another stopped', async () => {
    const { page } = await window.open('sliders')
    const cpu = page.getByTestId('slider-windows-cpuCap')
    await cpu.getByText('CPU caps need a delegated cgroup; this session has none.').waitFor()
    expect(await cpu.getByRole('slider').isDisabled()).toBe(true)
    const memory = page.getByTestId('slider-windows-memory')
    await memory.getByText('the rest is in use').waitFor()
    expect([await memory.getAttribute('data-requested'), await memory.getAttribute('data-effective')]).toEqual(['256', '420'])
  })
})

describe('the wire', () => {
  it('tells the last request and cuts a link', async () => {
    const { page } = await window.open('running')
    await poll(() => page.getByTestId('wire-last-request').textContent()).toMatch(/^(linux → windows|windows → linux) GET \/ 200, \d+ ms$/)
    await page.getByTestId('link-windows').getByRole('switch').click()
    await page.getByTestId('link-windows').getByText('Link cut').waitFor()
    expect(await page.getByTestId('link-linux').getAttribute('data-status')).toBe('up')
  })

  const moving = (page: Page) => page.evaluate(() => document.getAnimations().filter((animation) => animation.playState === 'running').length)
  const traffic = (page: Page) => page.getByTestId('link-linux').getByText('kbit/s').first().waitFor()

  it('moves while data does', async () => {
    const { page } = await window.open('running')
    await traffic(page)
    await poll(() => moving(page)).toBeGreaterThan(0)
  })

  it('stands still where motion is unwanted', async () => {
    const { page } = await window.open('running', { motion: 'reduce' })
    await traffic(page)
    await page.getByTestId('screen-windows').locator('canvas').waitFor()
    expect(await moving(page)).toBe(0)
  })
})

describe('guests', () => {
  it('start from the overlay, and a forced stop asks first', async () => {
    const { page } = await window.open('stopped')
    await page.getByTestId('guest-windows').getByRole('button', { name: 'Start', exact: true }).click()
    await poll(() => page.getByTestId('state-windows').textContent()).toBe('Running')
    await page.getByTestId('more-windows').click()
    await page.getByRole('menuitem', { name: 'Force stop…' }).click()
    await page.getByTestId('confirm').getByRole('button', { name: 'Keep it running' }).click()
    expect(await page.getByTestId('state-windows').textContent()).toBe('Running')
    await page.getByTestId('more-windows').click()
    await page.getByRole('menuitem', { name: 'Force stop…' }).click()
    await page.getByTestId('confirm').getByRole('button', { name: 'Force stop' }).click()
    await poll(() => page.getByTestId('state-windows').textContent()).toBe('Stopped')
  })

  it('save a screenshot as a PNG file', async () => {
    const { page } = await window.open('running')
    await page.getByTestId('view-linux').click()
    const download = page.waitForEvent('download')
    await page.getByRole('menuitem', { name: 'Save a screenshot' }).click()
    expect((await download).suggestedFilename()).toMatch(/^linux-.*\.png$/)
  })

  it('fill the window alone when opened in a window of their own', async () => {
    const { page } = await window.open('running', { query: '#screen=windows' })
    await page.getByTestId('screen-windows').locator('canvas').waitFor()
    expect(await page.getByTestId('screen-linux').count(), 'no other screen is carried').toBe(0)
    const box = await page.getByTestId('guest-windows').boundingBox()
    expect(box).toEqual({ x: 0, y: 0, width: 1280, height: 800 })
  })
})

it('turns the checklist into the stage without moving anything', async () => {
  const { page } = await window.open('firstrun', { query: '&pace=0.2' })
  await page.evaluate(() => {
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { value, sources } = entry as unknown as { value: number; sources: readonly { node: Node | null }[] }
        const { dataset } = document.documentElement
        dataset['shift'] = String(Number(dataset['shift'] ?? 0) + value)
        dataset['shifted'] = `${dataset['shifted'] ?? ''} ${value.toFixed(4)} ${sources.map(({ node }) => (node instanceof Element ? node.className : node?.textContent)).join()};`
      }
    }).observe({ type: 'layout-shift', buffered: true })
  })
  await page.getByTestId('checklist').waitFor()
  const before = await page.getByTestId('guest-linux').boundingBox()
  await page.getByTestId('checklist').waitFor({ state: 'detached' })
  await poll(() => page.getByTestId('state-windows').textContent()).toBe('Running')
  expect(await page.getByTestId('guest-linux').boundingBox()).toEqual(before)
  const { shift = '0', shifted = '' } = await page.evaluate(() => ({ ...document.documentElement.dataset }))
  expect(Number(shift), shifted).toBeLessThan(0.01)
})

describe('a window at 200 %', () => {
  it('keeps every button of the header in sight, the screens large enough to see, and no words on top of others', async () => {
    const { page } = await window.open('running', { width: 640, height: 400 })
    await page.getByRole('button', { name: 'Stop both…' }).waitFor()
    await page.getByTestId('status-bar').getByText('of 2 CPUs').waitFor()
    for (const button of await page.getByRole('banner').getByRole('button').all()) {
      if (!(await button.isVisible())) continue
      const box = await button.boundingBox()
      expect((box?.x ?? 0) + (box?.width ?? Infinity), await button.getAttribute('aria-label') ?? '').toBeLessThanOrEqual(640)
    }
    expect(await page.getByRole('button', { name: 'All actions' }).isVisible()).toBe(true)
    expect((await page.getByTestId('screen-linux').boundingBox())?.height).toBeGreaterThan(100)
    await page.getByTestId('mixer').scrollIntoViewIfNeeded()
    await page.getByTestId('crossfader').getByRole('slider').focus()
    expect((await page.getByTestId('crossfader').boundingBox())?.y).toBeLessThan(400)
    const ends = await page.getByTestId('status-bar').evaluate((bar) => [...bar.children].map((child) => child.getBoundingClientRect()).map(({ left, right }) => [Math.round(left), Math.round(right)]))
    expect(ends.every(([left = 0], index) => left >= (ends[index - 1]?.[1] ?? 0)), JSON.stringify(ends)).toBe(true)
  })
})

describe('colours of the system’s own choosing', () => {
  it('leave tracks, switches, states and what is chosen to be told apart', async () => {
    const { page } = await window.open('running')
    await page.emulateMedia({ forcedColors: 'active' })
    const ground = (selector: string) => page.locator(selector).first().evaluate((element) => getComputedStyle(element).backgroundColor)
    const canvas = await ground('body')
    for (const drawn of ['[aria-current="page"]', '[aria-pressed="true"]', '[role="switch"][data-checked]', '[data-state="running"] > span', '[data-testid="link-linux"] > span']) {
      expect(await ground(drawn), drawn).not.toBe(canvas)
    }
    const track = page.getByTestId('slider-linux-cpuCap').locator('[data-orientation] span').first()
    expect(await track.evaluate((element) => getComputedStyle(element).backgroundColor)).not.toBe(canvas)
  })
})

describe('every state of the window', () => {
  const scenarios = ['running', 'paused', 'stopped', 'failed', 'starting', 'silent', 'cut', 'sliders', 'long', 'one', 'four', 'firstrun', 'idle', 'stepfailed', 'refused']
  it.each(scenarios)('%s: no accessibility violation, no complaint under the shells’ policy, nothing wider than the window', async (scenario) => {
    for (const theme of ['light', 'dark'] as const) {
      const { page, complaints } = await window.open(scenario, { theme, width: 1024, height: 700 })
      await poll(() => page.getByTestId('status-bar').count()).toBe(1)
      const { violations } = await new AxeBuilder({ page: page as never }).analyze()
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1024)
      expect(complaints).toEqual([])
    }
  })

  it.each(['palette', 'help', 'settings', 'real-windows', 'more', 'keys'])('%s: no accessibility violation while open', async (what) => {
    const { page } = await window.open('running', { theme: 'light' })
    await page.getByTestId('screen-linux').locator('canvas').waitFor()
    if (what === 'palette') await page.keyboard.press('Control+k')
    else if (what === 'help') await page.keyboard.press('?')
    else if (what === 'settings') await page.keyboard.press('Control+,')
    else if (what === 'real-windows') await page.getByRole('button', { name: 'Use real Windows…' }).click()
    else await page.getByTestId(`${what}-linux`).click()
    await page.getByRole(what === 'more' || what === 'keys' ? 'menu' : 'dialog').waitFor()
    // A menu is its own region while it is open; axe's best practice wants it inside a landmark.
    const { violations } = await new AxeBuilder({ page: page as never }).disableRules(['region']).analyze()
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`)).toEqual([])
  })
})
