import type { Page } from '@playwright/test'
import { describe, expect, it } from 'vitest'
import { violationsIn, WindowUnderTest } from './browser.ts'

const window = new WindowUnderTest()
const poll: typeof expect.poll = (read, options) => expect.poll(read, { timeout: 300_000, ...options })

async function choose(page: Page, guest: string, item: string | RegExp): Promise<void> {
  await page.getByTestId(`more-${guest}`).click()
  await page.getByRole('menuitem', { name: item }).click()
}

/** Hands a file to the page as an Electron shell does, whose files have paths. */
async function inShell(page: Page): Promise<void> {
  await page.evaluate(() => Object.assign(globalThis, { diptychShell: { pathOf: (file: File) => `/home/person/${file.name}` } }))
}

async function drop(page: Page, guest: string, ...names: string[]): Promise<void> {
  const data = await page.evaluateHandle((files) => {
    const transfer = new DataTransfer()
    for (const name of files) transfer.items.add(new File(['what is in it'], name))
    return transfer
  }, names)
  const screen = page.getByTestId(`screen-${guest}`)
  await screen.dispatchEvent('dragenter', { dataTransfer: data })
  await page.getByTestId(`guest-${guest}`).getByText(/^Drop to copy into/).waitFor()
  await screen.dispatchEvent('drop', { dataTransfer: data })
}

describe('copying into a guest', () => {
  it('begins with a file dropped on its screen, shows how far it is, and asks before it replaces one', async () => {
    const { page } = await window.open('running', { motion: 'reduce' })
    await inShell(page)
    const dialog = page.getByTestId('copy-in')
    await drop(page, 'linux', 'notes.txt')
    await dialog.getByRole('list', { name: 'Files to copy' }).getByText('notes.txt').waitFor()
    await poll(() => dialog.getByLabel('Folder in the guest').inputValue(), { message: 'the home of who is logged in' }).toBe('/home/ada')
    expect(await violationsIn(page, 'copy-in')).toEqual([])
    await dialog.getByLabel('Folder in the guest').fill('srv')
    await dialog.getByText('Write the whole path in the guest, from / on.').waitFor()
    expect(await dialog.getByRole('button', { name: 'Copy', exact: true }).getAttribute('aria-disabled')).toBe('true')
    await dialog.getByLabel('Folder in the guest').fill('/srv')
    await window.hold(page, true)
    await dialog.getByLabel('Folder in the guest').press('Enter')
    await page.getByTestId('tasks-linux').getByRole('progressbar', { name: 'copying notes.txt into linux' }).waitFor()
    await window.hold(page, false)
    await page.getByText('It is /srv/notes.txt').waitFor()

    await drop(page, 'linux', 'notes.txt')
    expect(await dialog.getByLabel('Folder in the guest').inputValue(), 'the last folder').toBe('/srv')
    await dialog.getByRole('button', { name: 'Copy', exact: true }).click()
    await page.getByTestId('confirm').getByText('/srv/notes.txt exists already').waitFor()
    await window.hold(page, true)
    await page.getByTestId('confirm').getByRole('button', { name: 'Replace' }).click()
    await page.getByTestId('tasks-linux').getByRole('progressbar').waitFor()
    await window.hold(page, false)
    await page.getByTestId('tasks-linux').waitFor({ state: 'detached' })
  })

  it('takes several files, one after the other, and stops when it is cancelled', async () => {
    const { page } = await window.open('running', { motion: 'reduce' })
    await inShell(page)
    await drop(page, 'windows', 'first.txt', 'second.txt', 'third.txt')
    await window.hold(page, true)
    const tasks = page.getByTestId('tasks-windows')
    await page.getByTestId('copy-in').getByRole('button', { name: 'Copy', exact: true }).click()
    await tasks.getByRole('progressbar', { name: 'copying first.txt into windows' }).waitFor()
    await page.evaluate(() => {
      // Held again before the second has begun: the first one's end is what makes it begin.
      new MutationObserver((_, observer) => {
        if (document.body.textContent?.includes('copying second.txt') !== true) return
        document.dispatchEvent(new Event('fake:hold'))
        observer.disconnect()
      }).observe(document.body, { subtree: true, childList: true })
    })
    await window.hold(page, false)
    await tasks.getByRole('button', { name: 'Cancel: copying second.txt into windows' }).click()
    await tasks.waitFor({ state: 'detached' })
    expect(await page.getByText('third.txt').count()).toBe(0)
  })

  it('says what kept a file from the host, when a browser could not send it', async () => {
    const { page } = await window.open('running', { motion: 'reduce' })
    await drop(page, 'linux', 'notes.txt')
    await page.getByTestId('copy-in').getByRole('button', { name: 'Copy', exact: true }).click()
    await page.getByText('Could not hand notes.txt to the host.').waitFor()
  })

  it('gives the reason, and the way to the agent, where no agent answers', async () => {
    const { page } = await window.open('silent', { motion: 'reduce' })
    await choose(page, 'windows', 'Copy files into it…')
    const dialog = page.getByTestId('copy-in')
    await dialog.getByTestId('agent-absent').getByText('The guest agent has fallen silent.').waitFor()
    await dialog.getByTestId('agent-absent').getByText(/The guest agent does not answer/).waitFor()
    await dialog.getByLabel('File on this computer').fill('/etc/hosts')
    expect(await dialog.getByRole('button', { name: 'Copy', exact: true }).getAttribute('aria-description')).toContain('The guest agent does not answer')
  })
})

it('copies a file out of a guest, by keyboard alone', async () => {
  const { page } = await window.open('running', { motion: 'reduce' })
  await page.keyboard.press('Control+k')
  await page.keyboard.type('linux copy out')
  await page.keyboard.press('Enter')
  const dialog = page.getByTestId('copy-out')
  await dialog.getByLabel('File in the guest').fill('var/log/dmesg')
  await dialog.getByText('Write the whole path in the guest, from / on.').waitFor()
  await dialog.getByLabel('File in the guest').fill('/var/log/dmesg')
  expect(await violationsIn(page, 'copy-out')).toEqual([])
  await dialog.getByLabel('Folder on this computer').fill('/tmp')
  await window.hold(page, true)
  await page.keyboard.press('Enter')
  await page.getByTestId('tasks-linux').getByRole('progressbar', { name: 'copying /var/log/dmesg out of linux' }).waitFor()
  await window.hold(page, false)
  await page.getByText('It is /tmp/dmesg').waitFor()
})

describe('inside a guest', () => {
  it('stands what its agent tells, readable by everybody', async () => {
    const { page } = await window.open('running', { motion: 'reduce' })
    await choose(page, 'linux', /^Inside it/)
    const dialog = page.getByTestId('inspect')
    for (const told of ['6.1.0-28-amd64', '10.77.0.11', 'ada', '/var/lib/containers', '5.4 GB free of 8.6 GB']) await dialog.getByText(told).waitFor()
    for (const theme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme: theme })
      expect(await violationsIn(page, 'inspect')).toEqual([])
    }
    await dialog.getByRole('button', { name: 'Ask the guest again' }).click()
    await dialog.getByText('6.1.0-28-amd64').waitFor()
    await dialog.getByRole('button', { name: 'Copy a file out of it…' }).click()
    await page.getByTestId('copy-out').waitFor()
  })

  it('stands what is known without an agent, and how to install one', async () => {
    const { page } = await window.open('stopped', { motion: 'reduce' })
    await choose(page, 'windows', /^Inside it/)
    const dialog = page.getByTestId('inspect')
    await dialog.getByText('The guest is off.').waitFor()
    await dialog.getByText(/Install qemu-guest-agent in the guest/).waitFor()
    await dialog.getByText('Not seen in this run').waitFor()
    await dialog.getByText('Addresses, by the private network').waitFor()
    expect(await violationsIn(page, 'inspect')).toEqual([])
  })
})
