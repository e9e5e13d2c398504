import type { Page } from '@playwright/test'
import { describe, expect, it } from 'vitest'
import { violationsIn, WindowUnderTest } from './browser.ts'

const window = new WindowUnderTest()
const poll: typeof expect.poll = (read, options) => expect.poll(read, { timeout: 300_000, ...options })

async function openPast(scenario: string): Promise<Page> {
  const { page } = await window.open(scenario, { motion: 'reduce' })
  await page.keyboard.press('Alt+h')
  await page.getByTestId('stage-snapshots').waitFor()
  return page
}

const past = (page: Page) => page.getByTestId('stage-snapshots')
const one = (page: Page, title: string) => page.getByTestId(`stage-snapshot-${title}`)
describe('snapshots of the stage', () => {
  it('are taken, gone back to and deleted by keyboard alone, each with its question', async () => {
    const page = await openPast('running')
    await window.hold(page, true)
    await past(page).getByLabel('Title').fill('doors open')
    await page.keyboard.press('Enter')
    await past(page).getByRole('progressbar', { name: 'Snapshot of the stage' }).waitFor()
    await window.hold(page, false)
    await one(page, 'doors open').getByText('Linux: memory and disk').waitFor()

    await one(page, 'doors open').getByRole('button', { name: 'Go back to doors open…' }).press('Enter')
    const asking = page.getByRole('alertdialog', { name: 'Go back to doors open?' })
    await asking.getByText(/Linux and Windows stand-in \(Wine\) become what they were on/).waitFor()
    expect(await page.evaluate(() => document.activeElement?.textContent), 'the safe answer has the focus').toBe('Leave it')
    await asking.getByText('What they are now is kept as another snapshot first.').waitFor()
    await asking.getByLabel('Keep what is now as a snapshot first').press('Space')
    await asking.getByText(/What they are now is lost/).waitFor()
    await asking.getByLabel('Keep what is now as a snapshot first').press('Space')
    await asking.getByRole('button', { name: 'Go back', exact: true }).press('Enter')
    await one(page, 'Before going back to doors open').waitFor()

    const remove = one(page, 'doors open').getByRole('button', { name: 'Delete doors open…' })
    await poll(() => remove.getAttribute('aria-disabled'), { message: 'the way back has ended' }).toBeNull()
    await remove.press('Enter')
    await page.getByRole('alertdialog').getByRole('button', { name: 'Keep it' }).press('Enter')
    expect(await page.evaluate(() => document.activeElement?.textContent), 'the focus is where it was').toBe('Delete…')
    await remove.press('Enter')
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete the snapshot' }).press('Enter')
    await one(page, 'doors open').waitFor({ state: 'detached' })
  })

  it('are given other titles', async () => {
    const page = await openPast('library')
    await one(page, 'after the update').getByRole('button', { name: 'Rename after the update' }).click()
    await page.getByLabel('New title').fill('noon')
    await page.getByLabel('New title').press('Enter')
    await one(page, 'noon').waitFor()
  })

  it('say what they take, and why one cannot be gone back to', async () => {
    const page = await openPast('library')
    expect(await one(page, 'after the update').textContent()).toMatch(/\d+ MB/)
    await one(page, 'after the update').getByText('Windows stand-in (Wine): disk only').waitFor()
    const broken = one(page, 'before the talk')
    await broken.getByText('Cannot be gone back to: The part of linux was deleted.').waitFor()
    expect(await broken.getByRole('button', { name: 'Go back to before the talk…' }).getAttribute('aria-disabled')).toBe('true')
  })

  it('can be given up while they are taken, which leaves none', async () => {
    const page = await openPast('running')
    await window.hold(page, true)
    await past(page).getByRole('button', { name: 'Take a snapshot' }).click()
    await past(page).getByRole('button', { name: 'Cancel: Snapshot of the stage' }).click()
    await past(page).getByRole('progressbar').waitFor({ state: 'detached' })
    await past(page).getByText('There is no snapshot of the stage yet.').waitFor()
  })

  it('cannot be taken while a guest stands between two states, and say which', async () => {
    const page = await openPast('starting')
    const take = past(page).getByRole('button', { name: 'Take a snapshot' })
    expect(await take.getAttribute('aria-disabled')).toBe('true')
    expect(await take.getAttribute('aria-description')).toMatch(/^Windows stand-in \(Wine\): The guest is stopping/)
  })

  it('are readable by everybody, in light and dark', async () => {
    const page = await openPast('library')
    await one(page, 'after the update').getByRole('button', { name: 'Go back to after the update…' }).click()
    for (const theme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme: theme })
      expect(await violationsIn(page, 'stage-snapshots')).toEqual([])
    }
  })
})

describe('what a snapshot of the stage needs', () => {
  const needing = 'the stage snapshots “Doors open: both desktops ready, nobody logged in, the pages of each other loaded” and “after the update”'

  it('is named before a guest is deleted, and while it is in the trash', async () => {
    const { page } = await window.open('library', { motion: 'reduce' })
    await page.keyboard.press('Alt+g')
    await page.getByTestId('card-more-windows').click()
    await page.getByRole('menuitem', { name: 'Force stop' }).click()
    await page.getByTestId('confirm').getByRole('button', { name: 'Force stop' }).click()
    await page.getByTestId('card-windows').getByText('Stopped').waitFor()
    await page.getByTestId('card-more-windows').click()
    await page.getByRole('menuitem', { name: 'Delete…' }).click()
    await page.getByTestId('confirm').getByText(`While it is in the trash, the stage cannot go back to ${needing}; once it is deleted for good, never again.`).waitFor()
    expect(await violationsIn(page, 'confirm')).toEqual([])
    await page.getByTestId('confirm').getByRole('button', { name: 'Delete' }).click()

    const row = page.getByTestId('trash-windows')
    await row.getByText(`Once it is restored, the stage can go back to ${needing}`).waitFor()
    await page.keyboard.press('Alt+h')
    await one(page, 'after the update').getByText('windows: in the trash').waitFor()
    await one(page, 'after the update').getByText('Cannot be gone back to: The part of windows is in the trash with it: restore windows first.').waitFor()
    await page.keyboard.press('Escape')
    await row.getByRole('button', { name: 'Delete for good…' }).click()
    await row.getByText(`The stage can then never again go back to ${needing}.`).waitFor()
    await row.getByRole('button', { name: 'Keep it' }).click()
    await row.getByRole('button', { name: 'Restore' }).click()
    await page.getByTestId('card-windows').waitFor()
    await page.keyboard.press('Alt+h')
    await poll(() => one(page, 'after the update').getByRole('button', { name: 'Go back to after the update…' }).getAttribute('aria-disabled')).toBeNull()
  })

  it('is named before a guest’s own part is deleted, and then which part is missing', async () => {
    const { page } = await window.open('library', { motion: 'reduce' })
    await page.keyboard.press('Control+k')
    await page.keyboard.type('linux snapshots')
    await page.keyboard.press('Enter')
    await page.getByTestId('snapshot-after the update').click()
    const details = page.getByTestId('snapshot-details')
    await details.getByText(/part of the stage snapshot “after the update”/).first().waitFor()
    await details.getByRole('button', { name: 'Delete…' }).click()
    await details.getByText('It is part of the stage snapshot “after the update”: the stage can never again go back to it.').waitFor()
    expect(await violationsIn(page, 'snapshots')).toEqual([])
    await details.getByRole('button', { name: 'Delete the snapshot' }).click()
    await details.waitFor({ state: 'detached' })
    await page.keyboard.press('Escape')
    await page.keyboard.press('Alt+h')
    await one(page, 'after the update').getByText('Linux: deleted').waitFor()
    await one(page, 'after the update').getByText('Cannot be gone back to: The part of linux was deleted.').waitFor()
  })
})

describe('the stage as a whole', () => {
  it('is reset from its menu, after a question that says what is lost', async () => {
    const { page } = await window.open('stopped', { motion: 'reduce' })
    await page.getByTestId('more-stage').click()
    await page.getByRole('menuitem', { name: 'Reset the stage…' }).click()
    const dialog = page.getByTestId('reset-stage')
    await dialog.getByText('Everything on their disks and in their memory is lost').waitFor()
    expect(await dialog.textContent(), 'only what is on is ended').toContain('Linux ends at once')
    expect(await violationsIn(page, 'reset-stage')).toEqual([])
    await dialog.getByRole('button', { name: 'Leave it' }).click()
    expect(await page.getByTestId('state-windows').textContent()).toBe('Stopped')

    await page.keyboard.press('Control+k')
    await page.keyboard.type('reset the stage')
    await page.keyboard.press('Enter')
    await dialog.getByLabel('Take a snapshot of the stage first').check()
    await dialog.getByRole('button', { name: 'Reset the stage' }).click()
    await poll(() => page.getByTestId('state-windows').textContent()).toMatch(/^Running/)
    await page.keyboard.press('Alt+h')
    await one(page, 'Before the stage was reset').waitFor()
  })

  it('shows a snapshot that is being taken in the header, on the way to the rest of it', async () => {
    const { page } = await window.open('running', { motion: 'reduce' })
    await window.hold(page, true)
    await page.getByTestId('more-stage').click()
    await page.getByRole('menuitem', { name: 'Take a snapshot of the stage' }).click()
    await page.getByRole('banner').getByRole('button', { name: 'Snapshot of the stage' }).click()
    await past(page).getByRole('progressbar', { name: 'Snapshot of the stage' }).waitFor()
    await window.hold(page, false)
    await past(page).getByRole('listitem').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('banner').getByRole('button', { name: 'Snapshot of the stage' }).waitFor({ state: 'detached' })
  })
})
