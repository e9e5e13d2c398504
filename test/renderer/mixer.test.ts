import type { Page } from '@playwright/test'
import { describe, expect, it } from 'vitest'
import { violationsIn, WindowUnderTest } from './browser.ts'

const window = new WindowUnderTest()
const poll: typeof expect.poll = (read, options) => expect.poll(read, { timeout: 300_000, ...options })

async function openMixer(scenario: string): Promise<Page> {
  const { page } = await window.open(scenario)
  await page.keyboard.press('Alt+m')
  await page.getByTestId('mixer-page').waitFor()
  return page
}

const requested = (page: Page, guest: string, name: string) => page.getByTestId(`slider-${guest}-${name}`).getAttribute('data-requested')

describe('the mixer', () => {
  it('has every slider of every guest on the stage, each with a name and its value in words', async () => {
    const page = await openMixer('running')
    for (const guest of ['linux', 'windows']) {
      for (const name of ['vcpus', 'cpuCap', 'cpuWeight', 'memory', 'diskIops', 'diskBandwidth', 'linkBandwidth']) {
        const slider = page.getByTestId(`slider-${guest}-${name}`).getByRole('slider')
        expect(await slider.getAttribute('aria-label')).toMatch(guest === 'linux' ? / of Linux$/ : / of Windows stand-in/)
        expect(await slider.getAttribute('aria-valuetext')).not.toBe('')
      }
    }
    await page.getByTestId('slider-linux-vcpus').getByText('1 of 1 online').waitFor()
  })

  it('is readable by everybody, in light and dark', async () => {
    const page = await openMixer('sliders')
    await page.getByTestId('strip-linux').locator('canvas').last().waitFor()
    for (const theme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme: theme })
      expect(await violationsIn(page, 'mixer-page'), theme).toEqual([])
    }
  })

  it('sets several at once by priority', async () => {
    const page = await openMixer('running')
    await page.getByTestId('strip-linux').getByRole('button', { name: 'Booth star' }).click()
    await poll(() => requested(page, 'linux', 'cpuWeight')).toBe('1000')
    await page.getByTestId('strip-linux').getByRole('button', { name: 'Low' }).click()
    await poll(() => requested(page, 'linux', 'cpuCap')).toBe('50')
  })

  it('asks before it promises more than the computer has', async () => {
    const page = await openMixer('tight')
    const field = page.getByTestId('slider-linux-memory').getByRole('textbox')
    await field.fill('2 GiB')
    await field.press('Enter')
    await page.getByTestId('confirm').getByText('more than this computer has besides its reserve').waitFor()
    expect(await requested(page, 'linux', 'memory')).toBe('1024')
    await page.getByTestId('confirm').getByRole('button', { name: 'Leave it' }).click()
    expect(await requested(page, 'linux', 'memory')).toBe('1024')
    await field.fill('2 GiB')
    await field.press('Enter')
    await page.getByTestId('confirm').getByRole('button', { name: 'Do it all the same' }).click()
    await poll(() => requested(page, 'linux', 'memory')).toBe('2048')
  })

  it('tells what is promised, in use and free', async () => {
    const page = await openMixer('running')
    const memory = page.getByTestId('budget').getByRole('img', { name: /^Memory: / })
    expect(await memory.getAttribute('aria-label')).toMatch(/2\.0 GiB promised of 18\.8 GiB, .* in use, 16\.8 GiB free, 4\.7 GiB kept for this computer/)
  })

  it('draws the load and saves it as a table', async () => {
    const page = await openMixer('running')
    await page.getByRole('figure', { name: /^CPU: \d+ %$/ }).first().waitFor()
    await page.getByRole('button', { name: '15 min' }).click()
    await poll(() => page.getByTestId('strip-linux').locator('canvas').count()).toBeGreaterThanOrEqual(4)
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export CSV' }).click()
    expect((await download).suggestedFilename()).toMatch(/\.csv$/)
  })

  it('takes policies and refuses what is none', async () => {
    const page = await openMixer('running')
    await page.getByRole('button', { name: 'Policies of Linux' }).click()
    const dialog = page.getByTestId('policies')
    await dialog.getByLabel('When it has done next to nothing for a while').check()
    await dialog.getByLabel('After').fill('soon')
    await dialog.getByText('a duration like 30s, 10m or 2h').waitFor()
    expect(await dialog.getByRole('button', { name: 'Save' }).getAttribute('aria-disabled')).toBe('true')
    await dialog.getByLabel('After').fill('30s')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Policies of Linux' }).click()
    expect(await page.getByTestId('policies').getByLabel('After').inputValue()).toBe('30s')
  })
})

describe('the crossfader', () => {
  it('stands below two guests and moves memory between them by keys, and back', async () => {
    const { page } = await window.open('running')
    const fader = page.getByTestId('crossfader')
    await fader.getByRole('slider').focus()
    await page.keyboard.press('PageUp')
    await poll(async () => Number(await requested(page, 'windows', 'memory'))).toBeGreaterThan(1024)
    const [left, right] = [Number(await requested(page, 'linux', 'memory')), Number(await requested(page, 'windows', 'memory'))]
    expect(left + right, 'the sum stays').toBe(2048)
    await fader.getByRole('button', { name: 'Undo the crossfade' }).click()
    await poll(async () => [await requested(page, 'linux', 'memory'), await requested(page, 'windows', 'memory')]).toEqual(['1024', '1024'])
    expect(await fader.getByRole('button', { name: 'Undo the crossfade' }).getAttribute('aria-disabled')).toBe('true')
  })

  it('cannot move what is off, and says so', async () => {
    const { page } = await window.open('starting')
    const slider = page.getByTestId('crossfader').getByRole('slider')
    await poll(() => slider.isDisabled()).toBe(true)
    expect(await page.getByTestId('crossfader').getByRole('status').textContent()).toMatch(/stopping/)
  })

  it('lets one choose between which of three guests', async () => {
    const page = await openMixer('three')
    await page.getByLabel('To').selectOption('router')
    await page.getByTestId('crossfader').getByRole('slider', { name: /OpenWrt router/ }).waitFor()
  })
})
