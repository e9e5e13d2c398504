import type { Page } from '@playwright/test'
import { expect, it } from 'vitest'
import { WindowUnderTest } from './browser.ts'

const window = new WindowUnderTest()
const poll: typeof expect.poll = (read, options) => expect.poll(read, { timeout: 300_000, ...options })

const frame = (page: Page, guest: string) => page.getByTestId(`guest-${guest}`)
const reached = (page: Page, kind: string, guest: string) => page.evaluate(([name]) => document.documentElement.getAttribute(name ?? ''), [`data-${kind}-${guest}`])

async function live(page: Page): Promise<void> {
  await page.getByTestId('screen-linux').locator('canvas').waitFor()
  await page.getByTestId('screen-windows').locator('canvas').waitFor()
  await poll(() => reached(page, 'encodings', 'linux')).not.toBeNull()
}

it('asks the screen for hextile first', async () => {
  const { page } = await window.open('running')
  await live(page)
  expect(await reached(page, 'encodings', 'linux')).toMatch(/^1,5,/)
})

it('gives the keyboard by click, never by hover, and marks who has it', async () => {
  const { page } = await window.open('running')
  await live(page)
  await page.getByTestId('screen-windows').hover()
  await page.keyboard.type('lost')
  expect(await reached(page, 'typed', 'windows')).toBeNull()
  await poll(() => reached(page, 'pointer', 'windows'), { message: 'the pointer does reach the guest' }).not.toBeNull()

  await page.getByTestId('screen-windows').click()
  await frame(page, 'windows').getByText('Keys go here').waitFor()
  await page.keyboard.type('hello')
  await poll(() => reached(page, 'typed', 'windows')).toBe('hello')
  expect(await frame(page, 'linux').getAttribute('data-keys')).toBe('false')
})

it('goes to a guest and back by keyboard alone', async () => {
  const { page } = await window.open('running')
  await live(page)
  await page.keyboard.press('Alt+1')
  await poll(() => frame(page, 'linux').getAttribute('data-keys')).toBe('true')
  await page.keyboard.press('Control+k')
  expect(await page.getByTestId('palette').count(), 'shortcuts go to the guest now').toBe(0)

  await page.keyboard.down('ControlLeft')
  await page.keyboard.down('AltLeft')
  await page.keyboard.up('AltLeft')
  await page.keyboard.up('ControlLeft')
  await poll(() => frame(page, 'linux').getAttribute('data-keys')).toBe('false')
  await page.keyboard.press('Control+k')
  await page.getByTestId('palette').waitFor()
})

it('runs a command from the palette and says why another cannot run', async () => {
  const { page } = await window.open('running')
  await live(page)
  await page.keyboard.press('Control+k')
  await page.keyboard.type('linux resume')
  const option = page.getByRole('option', { name: 'Resume' })
  expect(await option.getAttribute('aria-disabled')).toBe('true')
  expect(await option.textContent()).toContain('this needs it to be paused')
  await page.keyboard.press('Enter')
  expect(await page.getByTestId('palette').count(), 'nothing runs and the palette stays').toBe(1)

  await page.getByRole('combobox').fill('linux pause')
  await page.keyboard.press('Enter')
  await poll(() => page.getByTestId('state-linux').textContent()).toBe('Paused')
  expect(await page.getByTestId('palette').count()).toBe(0)
})

it('finds the keyboard again on the same guest after its screen came back', async () => {
  const { page } = await window.open('running')
  await live(page)
  await page.evaluate(() => document.dispatchEvent(new Event('fake:refuse')))
  await page.evaluate(() => document.dispatchEvent(new Event('fake:drop')))
  await page.getByText('Connection to the host lost').waitFor()
  await page.evaluate(() => document.dispatchEvent(new Event('fake:accept')))
  await page.getByText('Connection to the host lost').waitFor({ state: 'detached' })
  await page.getByTestId('screen-linux').locator('canvas').click()
  await page.keyboard.type('back')
  await poll(() => reached(page, 'typed', 'linux')).toBe('back')
})
