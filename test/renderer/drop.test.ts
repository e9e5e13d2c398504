import type { Page } from '@playwright/test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WindowUnderTest } from './browser.ts'

const window = new WindowUnderTest()
let folder: string
let page: Page

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'diptych-drop-'))
  writeFileSync(join(folder, 'notes.txt'), 'what is in it')
  writeFileSync(join(folder, 'more.txt'), 'and more')
  mkdirSync(join(folder, 'holiday'))
  writeFileSync(join(folder, 'holiday', 'one.jpg'), 'a picture')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
beforeEach(async () => {
  ;({ page } = await window.open('running', { motion: 'reduce' }))
  // After everybody else: what nobody has prevented by then, the browser opens in the window's place.
  await page.evaluate(() => {
    const heard: string[] = []
    for (const type of ['dragenter', 'dragover', 'drop']) globalThis.addEventListener(type, (event) => heard.push(`${type} ${event.defaultPrevented ? 'kept' : 'open'}`))
    Object.assign(globalThis, { heard })
  })
})
const heard = async () => [...new Set(await page.evaluate(() => (globalThis as unknown as { heard: string[] }).heard))]

/** As the desktop does it: what is dragged comes from outside, and the browser itself decides what a page does not. */
async function drag(testId: string, position: { readonly x: number; readonly y: number }, names: readonly string[], letGo: boolean): Promise<void> {
  const box = await page.getByTestId(testId).boundingBox()
  if (box === null) throw new Error(`${testId} is not on the screen`)
  const at = { x: box.x + position.x, y: box.y + position.y }
  const data = { items: [], files: names.map((name) => join(folder, name)), dragOperationsMask: 1 }
  const browser = await page.context().newCDPSession(page)
  for (const type of ['dragEnter', 'dragOver', ...(letGo ? (['drop'] as const) : [])] as const) await browser.send('Input.dispatchDragEvent', { type, ...at, data })
}
const hover = (testId: string, position: { x: number; y: number }, ...names: string[]) => drag(testId, position, names, false)
const drop = (testId: string, position: { x: number; y: number }, ...names: string[]) => drag(testId, position, names, true)

const corner = { x: 2, y: 2 }
const inside = { x: 40, y: 40 }

describe('a file let go beside every drop target', () => {
  it('leaves the window as it is, and the person knows where it can go', async () => {
    const guard = page.getByTestId('drop-guard')
    for (const bar of ['status-bar', 'stage']) {
      await hover(bar, corner, 'notes.txt')
      await guard.getByText('Not here: drop files on a guest’s screen').waitFor()
      await drop(bar, corner, 'notes.txt')
    }
    await hover('guest-linux', inside, 'notes.txt')
    await guard.getByText('Not here').waitFor({ state: 'detached' })
    await page.getByTestId('guest-linux').getByText(/^Drop to copy into/).waitFor()
    expect(await heard(), 'refused while it hovers').toEqual(['dragenter kept', 'dragover kept'])
    expect(await page.getByTestId('copy-in').count()).toBe(0)
  })

  it('is held off from a dialog’s surroundings too', async () => {
    await page.keyboard.press('?')
    await page.getByRole('dialog').waitFor()
    await drop('stage', corner, 'notes.txt')
    await page.getByTestId('drop-guard').getByText('Not here').waitFor()
    expect(await heard(), 'refused while it hovers').toEqual(['dragenter kept', 'dragover kept'])
    await page.getByRole('dialog').waitFor()
  })
})

describe('what is dropped on a guest', () => {
  it('is offered for copying, with more that is dropped on the dialog', async () => {
    await drop('guest-linux', inside, 'notes.txt')
    const files = page.getByTestId('copy-in').getByRole('list', { name: 'Files to copy' })
    await files.getByText('notes.txt').waitFor()
    await drop('copy-in', inside, 'more.txt')
    await files.getByText('more.txt').waitFor()
    expect(await files.getByRole('listitem').count()).toBe(2)
    expect(await heard()).toEqual(['dragenter kept', 'dragover kept', 'drop kept'])
  })

  it('and is a folder gets its way out, the files beside it are taken', async () => {
    await drop('guest-linux', inside, 'holiday')
    await page.getByRole('alert').getByText('“holiday” is a folder; only files are copied into a guest.').waitFor()
    await page.getByText('Pack it first (zip or tar), copy that one file').waitFor()
    expect(await page.getByTestId('copy-in').count()).toBe(0)
    await drop('guest-linux', inside, 'holiday', 'notes.txt')
    const files = page.getByTestId('copy-in').getByRole('list', { name: 'Files to copy' })
    await files.getByText('notes.txt').waitFor()
    expect(await files.getByRole('listitem').count()).toBe(1)
  })
})

describe('what is dropped on the library', () => {
  it('and is a folder stays out, with the way out', async () => {
    await page.keyboard.press('Alt+g')
    await drop('library', inside, 'holiday')
    await page.getByRole('alert').getByText('“holiday” is a folder; a guest is made from one file.').waitFor()
    await page.getByTestId('library').waitFor()
    await drop('library', inside, 'notes.txt', 'more.txt')
    await page.getByTestId('new-guest').waitFor()
    await page.getByText('Of what was dropped, notes.txt is taken.').waitFor()
    await drop('new-guest', inside, 'holiday')
    await page.getByTestId('new-guest').getByRole('alert').getByText('“holiday” is a folder').waitFor()
  })
})
