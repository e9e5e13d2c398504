import { describe, expect, it } from 'vitest'
import { violationsIn, WindowUnderTest } from './browser.ts'

const window = new WindowUnderTest()
const poll: typeof expect.poll = (read, options) => expect.poll(read, { timeout: 300_000, ...options })

describe("a plug's panel", () => {
  it('takes a preset, shows both directions, and moves one by keys', async () => {
    const { page } = await window.open('running')
    await page.getByTestId('shape-linux').focus()
    await page.keyboard.press('Enter')
    const panel = page.getByTestId('link-panel-linux')
    await panel.getByLabel('Preset').selectOption('4g')
    await poll(() => page.getByTestId('shape-linux').textContent()).toBe('4G')
    const upload = panel.getByLabel('Bandwidth, sends')
    expect(await upload.getAttribute('aria-valuetext')).toBe('12 Mbit/s')
    await upload.focus()
    await page.keyboard.press('ArrowRight')
    await poll(() => upload.getAttribute('aria-valuetext')).toBe('20 Mbit/s')
    expect(await panel.getByLabel('Bandwidth, receives').getAttribute('aria-valuetext')).toBe('40 Mbit/s')
    expect(await panel.getByLabel('Preset').inputValue()).toBe('')
    expect(await violationsIn(page, 'link-panel-linux')).toEqual([])
    await page.keyboard.press('Escape')
    await panel.waitFor({ state: 'hidden' })
    await poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('shape-linux')
  })

  it('moves both directions together until they differ', async () => {
    const { page } = await window.open('running')
    await page.getByTestId('shape-windows').click()
    const panel = page.getByTestId('link-panel-windows')
    await panel.getByLabel('Packet loss').focus()
    await page.keyboard.press('End')
    await poll(() => panel.getByLabel('Packet loss').getAttribute('aria-valuetext')).toBe('50 %')
    await panel.getByLabel('Each direction by itself').check()
    await poll(() => panel.getByLabel('Packet loss, receives').getAttribute('aria-valuetext')).toBe('50 %')
  })

  it('publishes and captures, and takes both back', async () => {
    const { page } = await window.open('running')
    await page.getByTestId('shape-linux').click()
    const publish = page.getByTestId('publish-linux')
    await publish.getByRole('button', { name: 'Publish' }).click()
    expect(await publish.getByRole('link').getAttribute('href')).toMatch(/^http:\/\/linux\.localhost:\d+\/$/)
    await publish.getByRole('button', { name: 'Withdraw' }).click()
    await publish.getByRole('button', { name: 'Publish' }).waitFor()
    const capture = page.getByTestId('capture-linux')
    await capture.getByRole('button', { name: 'Capture' }).click()
    await capture.getByText(/^Captured 1\.2 MB of at most 134 MB, since \d\d:\d\d:\d\d$/).waitFor()
    await capture.getByText('/home/person/.local/state/diptych/captures/linux.pcapng').waitFor()
    await capture.getByRole('button', { name: 'Copy' }).waitFor()
    await capture.getByRole('button', { name: 'Stop capture' }).click()
    await page.getByText(/Captured 1204 packets/).waitFor()
  })
})

describe('the network dialog', () => {
  it('shows who opens whose page, and the evidence of a cell', async () => {
    const { page } = await window.open('cut')
    await page.getByTestId('wire-last-request').click()
    const dialog = page.getByTestId('network-dialog')
    await dialog.getByRole('button', { name: /^This computer opens the page of Linux: 200/ }).waitFor()
    await dialog.getByRole('button', { name: /^Linux opens the page of Windows stand-in \(Wine\): No answer/ }).click()
    await dialog.getByTestId('web-evidence').getByText('no complete answer in time').waitFor()
    for (const theme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme: theme })
      expect(await violationsIn(page, 'network-dialog'), theme).toEqual([])
    }
  })

  it('names the evidence: inside, by this computer, or on the wire', async () => {
    const { page } = await window.open('silent')
    await page.getByTestId('wire-last-request').click()
    const dialog = page.getByTestId('network-dialog')
    for (const words of ['inside, by diptych-guest', 'by this computer', 'seen on the wire']) await dialog.getByText(words).first().waitFor()
  })

  it('narrows the requests by words', async () => {
    const { page } = await window.open('running')
    await poll(() => page.getByTestId('wire-last-request').textContent()).toMatch(/GET/)
    await page.getByTestId('wire-last-request').click()
    await page.getByRole('button', { name: 'Requests' }).click()
    const filter = page.getByRole('searchbox', { name: 'Filter the requests' })
    await poll(() => page.getByRole('row').count()).toBeGreaterThan(1)
    await filter.fill('no-such-host')
    await page.getByText('No request matches.').waitFor()
  })

  it('puts a guest on another network and gives it a way out', async () => {
    const { page } = await window.open('running')
    await page.getByTestId('wire-last-request').click()
    const dialog = page.getByTestId('network-dialog')
    await dialog.getByRole('button', { name: 'Networks' }).click()
    await dialog.getByLabel('Linux on lab').click()
    await page.getByText(/takes effect at its next start/).first().waitFor()
    await dialog.getByLabel('Linux on the internet').click()
    await poll(() => dialog.getByTestId('networks').textContent()).toContain('10.78.0.11')
    await dialog.getByLabel('New network').fill('dmz')
    await page.keyboard.press('Enter')
    await dialog.getByRole('columnheader', { name: /^dmz/ }).waitFor()
    expect(await violationsIn(page, 'network-dialog')).toEqual([])
    await dialog.getByRole('button', { name: 'Close' }).first().click()
    await page.getByTestId('shape-linux').click()
    await page.getByTestId('networks-linux').getByText('Also on lab (10.78.0.11) and the internet').waitFor()
  })
})
