import type { Page } from '@playwright/test'
import { describe, expect, it } from 'vitest'
import { violationsIn, WindowUnderTest } from './browser.ts'

const window = new WindowUnderTest()
const poll: typeof expect.poll = (read, options) => expect.poll(read, { timeout: 300_000, ...options })

async function openLibrary(): Promise<Page> {
  const { page } = await window.open('library')
  await page.keyboard.press('Alt+g')
  await page.getByTestId('library').waitFor()
  return page
}

async function choose(page: Page, guest: string, item: string): Promise<void> {
  await page.getByTestId(`card-more-${guest}`).click()
  await page.getByRole('menuitem', { name: item }).click()
}

describe('the library', () => {
  it('shows every guest, with live pictures of those that are on', async () => {
    const page = await openLibrary()
    for (const name of ['linux', 'windows', 'build-server', 'accounting', 'router', 'laptop']) await page.getByTestId(`card-${name}`).waitFor()
    const picture = page.getByTestId('card-linux').getByRole('img')
    const first = await picture.getAttribute('src')
    await poll(() => picture.getAttribute('src'), { message: 'the picture moves with the screen' }).not.toBe(first)
    expect(await page.getByTestId('card-accounting').getByRole('img').count()).toBe(0)
    await page.getByTestId('card-router').getByText('no space left on device').waitFor()
  })

  it('is readable by everybody, in light and dark', async () => {
    const page = await openLibrary()
    for (const theme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme: theme })
      expect(await violationsIn(page, 'library')).toEqual([])
    }
  })

  it('puts a guest on the stage and takes it off again', async () => {
    const page = await openLibrary()
    await page.getByRole('button', { name: /^Show Windows Server 2022/ }).click()
    await page.getByTestId('guest-accounting').waitFor()
    await page.keyboard.press('Alt+g')
    await page.getByRole('button', { name: /^Take Windows Server 2022/ }).click()
    await page.keyboard.press('Alt+s')
    await page.getByTestId('guest-linux').waitFor()
    expect(await page.getByTestId('guest-accounting').count()).toBe(0)
  })

  it('shows long work where it happens, and cancels it', async () => {
    const page = await openLibrary()
    const task = page.getByTestId('card-build-server').getByRole('progressbar')
    expect(await task.getAttribute('aria-valuenow'), 'how far is not known').toBeNull()
    expect(await page.getByRole('progressbar', { name: 'Importing windows-xp.ova' }).getAttribute('aria-valuenow')).toBe('42')
    await page.getByRole('button', { name: 'Cancel: Importing windows-xp.ova' }).click()
    await page.getByRole('progressbar', { name: 'Importing windows-xp.ova' }).waitFor({ state: 'detached' })
  })

  it('throws a guest away only when it is off, brings it back, and asks before it is gone for good', async () => {
    const page = await openLibrary()
    await page.getByTestId('card-more-linux').click()
    expect(await page.getByRole('menuitem', { name: 'Delete…' }).getAttribute('aria-disabled')).toBe('true')
    await page.keyboard.press('Escape')
    await choose(page, 'accounting', 'Delete…')
    await page.getByTestId('confirm').getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByTestId('card-accounting').waitFor({ state: 'detached' })
    await page.getByTestId('trash-accounting').getByRole('button', { name: 'Restore' }).click()
    await page.getByTestId('card-accounting').waitFor()

    const old = page.getByTestId('trash-old-router')
    await old.getByRole('button', { name: 'Delete for good…' }).click()
    expect(await page.evaluate(() => document.activeElement?.textContent), 'the safe answer has the focus').toBe('Keep it')
    await old.getByRole('button', { name: 'Delete for good', exact: true }).click()
    await old.waitFor({ state: 'detached' })
  })

  it('clones a template as often as asked', async () => {
    const page = await openLibrary()
    await page.getByTestId('template-more-web-server').click()
    expect(await page.getByRole('menuitem', { name: /Delete for good/ }).textContent()).toContain('build-server stands on it')
    await page.getByRole('menuitem', { name: 'Clone several…' }).click()
    const dialog = page.getByTestId('clone')
    await dialog.getByLabel('How many').fill('40')
    await dialog.getByText('Type a whole number from 1 to 32.').waitFor()
    await dialog.getByLabel('How many').fill('3')
    await dialog.getByRole('button', { name: 'Clone', exact: true }).click()
    await page.getByTestId('card-web-server-3').waitFor()
  })
})

describe('a new guest', () => {
  it('is made on one page by keyboard alone', async () => {
    const page = await openLibrary()
    await page.getByRole('button', { name: 'New guest' }).focus()
    await page.keyboard.press('Enter')
    await page.getByLabel('File on this computer').fill('/srv/debian-12.iso')
    await page.getByText('Installation disc, Debian 12.8.0 amd64').waitFor()
    await poll(() => page.getByLabel('Name').inputValue()).toBe('debian')
    await page.getByLabel('Name').fill('Workshop')
    await page.getByText(/A guest name is a lower-case DNS label/).waitFor()
    await page.getByLabel('Name').fill('workshop')
    await page.getByLabel('Memory').fill('3 GiB')
    expect(await violationsIn(page, 'new-guest')).toEqual([])
    await page.getByLabel('Memory').press('Tab')
    await page.getByLabel('Name').press('Enter')
    await page.getByTestId('card-workshop').waitFor()
    await page.getByTestId('card-workshop').getByText('Running').waitFor()
  })

  it('is not made of a file that is refused, and says why', async () => {
    const page = await openLibrary()
    await page.getByRole('button', { name: 'New guest' }).click()
    await page.getByLabel('File on this computer').fill('/srv/hostile.qcow2')
    await page.getByText(/names the backing file \/etc\/shadow/).waitFor()
    expect(await page.getByRole('button', { name: 'Create' }).getAttribute('aria-disabled')).toBe('true')
  })
})

describe('snapshots', () => {
  it('are taken, gone back to with what is now kept, and deleted', async () => {
    const page = await openLibrary()
    await choose(page, 'linux', 'Snapshots…')
    const dialog = page.getByTestId('snapshots')
    await dialog.getByLabel('Title', { exact: true }).fill('tried by the test')
    await dialog.getByRole('button', { name: 'Take a snapshot' }).click()
    await dialog.getByTestId('snapshot-tried by the test').waitFor()
    expect(await violationsIn(page, 'snapshots')).toEqual([])

    await dialog.getByTestId('snapshot-web server set up').click()
    await dialog.getByRole('button', { name: 'Go back to it…' }).click()
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Leave it')
    await dialog.getByRole('button', { name: 'Go back', exact: true }).click()
    await dialog.getByTestId('snapshot-Before going back to web server set up').waitFor()

    await dialog.getByTestId('snapshot-tried by the test').click()
    await dialog.getByRole('button', { name: 'Delete…' }).click()
    await dialog.getByRole('button', { name: 'Delete the snapshot' }).click()
    await dialog.getByTestId('snapshot-tried by the test').waitFor({ state: 'detached' })
  })

  it('whose memory does not fit this computer are gone back to by their disk alone, which is said', async () => {
    const page = await openLibrary()
    await choose(page, 'accounting', 'Snapshots…')
    const dialog = page.getByTestId('snapshots')
    await dialog.getByTestId('snapshot-on the old computer').click()
    await dialog.getByText(/^It was taken with another QEMU/).waitFor()
    expect(await dialog.getByRole('button', { name: 'Go back to it…' }).getAttribute('aria-disabled')).toBe('true')
    await dialog.getByRole('button', { name: 'Go back to its disk alone…' }).press('Enter')
    const asking = page.getByRole('alertdialog', { name: 'Go back to its disk alone?' })
    await asking.getByText('The programs that were open then are not brought back: it stays off and, when it is started next, boots from that disk, as after a power cut.').waitFor()
    expect(await page.evaluate(() => document.activeElement?.textContent), 'the safe answer has the focus').toBe('Leave it')
    expect(await violationsIn(page, 'snapshots')).toEqual([])
    await asking.getByRole('button', { name: 'Go back to the disk alone' }).press('Enter')
    await dialog.getByTestId('snapshot-Before going back to on the old computer').waitFor()
  })
})

it('says what a change will do before it is made', async () => {
  const page = await openLibrary()
  await choose(page, 'linux', 'Settings…')
  const dialog = page.getByTestId('edit')
  await dialog.getByLabel('Title').fill('Linux of the workshop')
  await dialog.getByLabel('vCPUs at start').fill('4')
  await poll(() => dialog.getByTestId('edit-plan').textContent()).toContain('At next startvCPUs 2 → 4')
  await dialog.getByLabel('Name').fill('renamed')
  await dialog.getByLabel('Name').press('Tab')
  await dialog.getByText('A guest has to be off to be renamed.').waitFor()
  expect(await dialog.getByRole('button', { name: 'Save' }).getAttribute('aria-disabled')).toBe('true')
  expect(await violationsIn(page, 'edit')).toEqual([])
  await dialog.getByLabel('Name').fill('linux')
  await dialog.getByLabel('Name').press('Tab')
  await poll(() => dialog.getByRole('button', { name: 'Save' }).getAttribute('aria-disabled')).toBeNull()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByTestId('card-linux').getByRole('heading', { name: 'Linux of the workshop' }).waitFor()
})
