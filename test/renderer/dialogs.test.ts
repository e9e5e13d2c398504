import type { Page } from '@playwright/test'
import { describe, expect, it } from 'vitest'
import { violationsIn, WindowUnderTest } from './browser.ts'

const window = new WindowUnderTest()
const poll: typeof expect.poll = (read, options) => expect.poll(read, { timeout: 300_000, ...options })

const focusIsIn = (page: Page, testId: string) => page.evaluate((id) => document.activeElement?.closest(`[data-testid="${id}"]`) !== null, testId)

/** By keyboard alone: opens the menu, chooses, finds the focus inside, reads it, leaves by Escape, finds the focus where it was. */
async function walk(page: Page, menu: string, item: string | RegExp, dialog: string): Promise<void> {
  const opener = page.getByTestId(menu)
  await opener.focus()
  await page.keyboard.press('Enter')
  await page.getByRole('menuitem', { name: item }).focus()
  await page.keyboard.press('Enter')
  await page.getByTestId(dialog).waitFor()
  await poll(() => focusIsIn(page, dialog), { message: `the focus is in ${dialog}` }).toBe(true)
  expect(await page.getByTestId(dialog).getAttribute('role')).toMatch(/^(alert)?dialog$/)
  for (const theme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    expect(await violationsIn(page, dialog), `${dialog}, ${theme}`).toEqual([])
  }
  await page.keyboard.press('Escape')
  await page.getByTestId(dialog).waitFor({ state: 'detached' })
  await poll(() => focusIsIn(page, menu), { message: `the focus is back after ${dialog}` }).toBe(true)
}

describe('every dialog is open to a keyboard and a screen reader', () => {
  it('of a guest on the stage', async () => {
    const { page } = await window.open('running', { motion: 'reduce' })
    await walk(page, 'more-linux', /^Inside it/, 'inspect')
    await walk(page, 'more-linux', 'Copy files into it…', 'copy-in')
    await walk(page, 'more-linux', 'Copy a file out of it…', 'copy-out')
  })

  it('of the stage', async () => {
    const { page } = await window.open('library', { motion: 'reduce' })
    await walk(page, 'more-stage', /^Snapshots of the stage/, 'stage-snapshots')
    await walk(page, 'more-stage', 'Reset the stage…', 'reset-stage')
  })

  it('of a guest in the library', async () => {
    const { page } = await window.open('library', { motion: 'reduce' })
    await page.keyboard.press('Alt+g')
    for (const [item, dialog] of [['Snapshots…', 'snapshots'], ['Clone…', 'clone'], ['Make a template…', 'make-template'], ['Export…', 'export'], ['Policies…', 'policies'], ['Settings…', 'edit']] as const) await walk(page, 'card-more-linux', item, dialog)
    await walk(page, 'card-more-accounting', 'Delete…', 'confirm')
  })
})

it('Escape leaves a question in a dialog, then the dialog', async () => {
  const { page } = await window.open('library', { motion: 'reduce' })
  await page.keyboard.press('Alt+h')
  const past = page.getByTestId('stage-snapshots')
  for (const [name, question] of [
    ['Go back to after the update…', past.getByRole('alertdialog')],
    ['Delete after the update…', past.getByRole('alertdialog')],
    ['Rename after the update', past.getByRole('form')],
  ] as const) {
    await past.getByRole('button', { name }).focus()
    await page.keyboard.press('Enter')
    await question.waitFor()
    await page.keyboard.press('Escape')
    await question.waitFor({ state: 'detached' })
    expect(await past.isVisible(), name).toBe(true)
  }
  await page.keyboard.press('Escape')
  await past.waitFor({ state: 'detached' })
})

it('a question that took its button’s place gives the focus back to it', async () => {
  const { page } = await window.open('library', { motion: 'reduce' })
  await page.keyboard.press('Alt+g')
  for (const row of ['trash-old-router', 'disc-virtio-win-0.1.248.iso']) {
    const opener = page.getByTestId(row).getByRole('button', { name: 'Delete for good…' })
    await opener.focus()
    await page.keyboard.press('Enter')
    await page.getByTestId(row).getByRole('alertdialog').waitFor()
    expect(await page.evaluate(() => document.activeElement?.textContent), 'the safe answer').toBe('Keep it')
    await page.keyboard.press('Escape')
    await opener.waitFor()
    await poll(() => opener.evaluate((button) => button === document.activeElement), { message: row }).toBe(true)
  }
})

it('a disc that something needs says what, before anything is refused', async () => {
  const { page } = await window.open('library', { motion: 'reduce' })
  await page.keyboard.press('Alt+g')
  const row = page.getByTestId(/^disc-debian/)
  await row.getByRole('button', { name: 'Delete for good…' }).click()
  await row.getByText('It is in a drive of accounting and the snapshot “web server set up” of linux.').waitFor()
  await row.getByRole('button', { name: 'Keep it' }).click()
  await page.getByTestId('disc-virtio-win-0.1.248.iso').getByRole('button', { name: 'Delete for good…' }).click()
  await page.getByTestId('disc-virtio-win-0.1.248.iso').getByRole('button', { name: 'Delete for good', exact: true }).click()
  await page.getByTestId('disc-virtio-win-0.1.248.iso').waitFor({ state: 'detached' })
})

it('what is asked for is given by Enter', async () => {
  const { page } = await window.open('library', { motion: 'reduce' })
  await page.keyboard.press('Control+k')
  await page.keyboard.type('linux export')
  await page.keyboard.press('Enter')
  const exporting = page.getByTestId('export')
  await exporting.getByLabel('File on this computer').fill('linux.qcow2')
  await page.keyboard.press('Enter')
  expect(await exporting.getByRole('button', { name: 'Export' }).getAttribute('aria-description')).toBe('Write the whole path, from / on.')
  await exporting.getByLabel('File on this computer').fill('/tmp/linux.qcow2')
  await page.keyboard.press('Enter')
  await exporting.waitFor({ state: 'detached' })
  await page.getByText('linux was exported to /tmp/linux.qcow2.').waitFor()
})
