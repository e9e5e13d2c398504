// Pictures of the window over the fake host: `node test/renderer/shots.mjs [name-filter]`, into out/shots.
import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { chromium } from '@playwright/test'
import { build } from 'vite'
import { serve } from './serve.mjs'

const root = resolve(import.meta.dirname, '../..')
const sizes = { small: [1024, 700], wide: [1280, 800], full: [1920, 1080], uhd: [3840, 2160] }
const shot = (scenario, size = 'wide', theme = 'dark', act) => ({ name: `${scenario}-${size}-${theme}${act === undefined ? '' : `-${act.name}`}`, scenario, size, theme, act })

const focusLinux = async function keys(page) {
  await page.keyboard.press('Alt+1')
  await page.waitForSelector('[data-keys="true"]')
  await page.keyboard.type('hello')
}
const palette = async function palette(page) {
  await page.keyboard.press('Control+k')
  await page.keyboard.type('windows')
}
const help = async function help(page) {
  await page.keyboard.press('?')
}
const realWindows = async function real(page) {
  await page.getByRole('button', { name: 'Use real Windows…' }).first().click()
}
const more = async function more(page) {
  await page.getByTestId('more-linux').click()
}
const keysMenu = async function keysmenu(page) {
  await page.getByTestId('keys-windows').click()
}
const settings = async function settings(page) {
  await page.keyboard.press('Control+,')
}
const stacked = async function stacked(page) {
  await page.getByRole('button', { name: 'Stacked' }).click()
}
const one = async function one(page) {
  await page.getByRole('button', { name: 'One at a time' }).click()
}
const focusRing = async function ring(page) {
  for (let count = 0; count < 11; count += 1) await page.keyboard.press('Tab')
}
const badValue = async function bad(page) {
  const field = page.getByLabel('Memory of Linux, typed')
  await field.fill('9000')
  await field.press('Enter')
}
const confirmForce = async function force(page) {
  await page.getByTestId('more-linux').click()
  await page.getByRole('menuitem', { name: 'Force stop' }).click()
}
const messages = async function messages(page) {
  await page.getByRole('button', { name: 'Messages' }).click()
}

const linkPanel = async function link(page) {
  await page.getByTestId('shape-linux').click()
  await page.getByLabel('Preset').selectOption('4g')
}
const network = async function network(page) {
  await page.getByTestId('wire-last-request').click()
  await page.getByRole('button', { name: /^Linux opens the page of Windows/ }).click()
}
const requests = async function requests(page) {
  await page.getByTestId('wire-last-request').click()
  await page.getByRole('button', { name: 'Requests' }).click()
}

const library = async function library(page) {
  await page.getByRole('button', { name: 'Library' }).click()
}

const newGuest = async function newguest(page) {
  await library(page)
  await page.getByRole('button', { name: 'New guest' }).click()
  await page.getByLabel('File on this computer').fill('/home/person/Downloads/debian-12.8.0-amd64-netinst.iso')
  await page.getByTestId('file-report').waitFor()
}
const hostile = async function hostile(page) {
  await library(page)
  await page.getByRole('button', { name: 'New guest' }).click()
  await page.getByLabel('File on this computer').fill('/home/person/Downloads/hostile.qcow2')
  await page.getByRole('alert').first().waitFor()
}
const snapshots = async function snapshots(page) {
  await library(page)
  await page.getByTestId('card-more-linux').click()
  await page.getByRole('menuitem', { name: 'Snapshots…' }).click()
  await page.getByTestId('snapshot-web server set up').click()
}
const cardMenu = async function cardmenu(page) {
  await library(page)
  await page.getByTestId('card-more-linux').click()
}
const edit = async function edit(page) {
  await library(page)
  await page.getByTestId('card-more-linux').click()
  await page.getByRole('menuitem', { name: 'Settings…' }).click()
  await page.getByLabel('Title').fill('Linux of the workshop')
  await page.getByLabel('vCPUs at start').fill('4')
  await page.getByTestId('edit-plan').waitFor()
}
const bottom = async function bottom(page) {
  await library(page)
  await page.getByTestId('trash-old-router').getByRole('button', { name: 'Delete for good…' }).click()
  await page.getByTestId('trash').scrollIntoViewIfNeeded()
}

const chosen = (name, guest, item, then = () => undefined) =>
  Object.defineProperty(
    async (page) => {
      await library(page)
      await page.getByTestId(`card-more-${guest}`).click()
      await page.getByRole('menuitem', { name: item }).click()
      await then(page)
    },
    'name',
    { value: name },
  )
const exporting = chosen('exporting', 'linux', 'Export…')
const cloning = chosen('cloning', 'linux', 'Clone…')
const template = chosen('template', 'linux', 'Make a template…')
const needed = chosen('needed', 'windows', 'Force stop', async (page) => {
  await page.getByTestId('confirm').getByRole('button', { name: 'Force stop' }).click()
  await page.getByTestId('card-windows').getByText('Stopped').waitFor()
  await page.getByTestId('card-more-windows').click()
  await page.getByRole('menuitem', { name: 'Delete…' }).click()
})
const thrownAway = async function thrownaway(page) {
  await needed(page)
  await page.getByTestId('confirm').getByRole('button', { name: 'Delete' }).click()
  await page.getByTestId('trash-windows').getByRole('button', { name: 'Delete for good…' }).click()
  await page.getByTestId('trash').scrollIntoViewIfNeeded()
}
const partGone = chosen('partgone', 'linux', 'Snapshots…', async (page) => {
  await page.getByTestId('snapshot-after the update').click()
  await page.getByTestId('snapshot-details').getByRole('button', { name: 'Delete…' }).click()
})

const mixer = async function mixer(page) {
  await page.keyboard.press('Alt+m')
  await page.getByTestId('mixer-page').waitFor()
  await page.waitForTimeout(1500)
}
const policies = async function policies(page) {
  await mixer(page)
  await page.getByRole('button', { name: 'Policies of Linux' }).click()
  await page.getByLabel('When it has done next to nothing for a while').check()
}
const charts = async function charts(page) {
  await mixer(page)
  await page.getByTestId('strip-linux').locator('canvas').last().scrollIntoViewIfNeeded()
}

const stagePast = async function stagepast(page) {
  await page.keyboard.press('Alt+h')
  await page.getByTestId('stage-snapshots').getByRole('button', { name: /^Go back to after/ }).click()
}
const noPast = async function nopast(page) {
  await page.keyboard.press('Alt+h')
  await page.getByTestId('stage-snapshots').waitFor()
}
const stageMenu = async function stagemenu(page) {
  await page.getByTestId('more-stage').click()
}
const resetStage = async function resetstage(page) {
  await stageMenu(page)
  await page.getByRole('menuitem', { name: 'Reset the stage…' }).click()
}
const inside = async function inside(page) {
  await page.getByTestId('more-linux').click()
  await page.getByRole('menuitem', { name: /^Inside it/ }).click()
  await page.getByTestId('inspect').waitFor()
}
const insideOff = async function insideoff(page) {
  await page.getByTestId('more-windows').click()
  await page.getByRole('menuitem', { name: /^Inside it/ }).click()
  await page.getByTestId('inspect').waitFor()
}
const copyIn = async function copyin(page) {
  const transfer = await page.evaluateHandle(() => {
    const made = new DataTransfer()
    for (const name of ['notes.txt', 'a photograph with a rather long name, as cameras and people like to give them.jpeg']) made.items.add(new File([name], name))
    return made
  })
  await page.getByTestId('screen-linux').dispatchEvent('drop', { dataTransfer: transfer })
  await page.getByTestId('copy-in').waitFor()
}
const dragging = async function dragging(page) {
  const transfer = await page.evaluateHandle(() => {
    const made = new DataTransfer()
    made.items.add(new File(['it'], 'notes.txt'))
    return made
  })
  await page.getByTestId('screen-linux').dispatchEvent('dragenter', { dataTransfer: transfer })
}
const beside = async function beside(page) {
  const browser = await page.context().newCDPSession(page)
  const data = { items: [], files: ['/etc/hosts'], dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver']) await browser.send('Input.dispatchDragEvent', { type, x: 4, y: 400, data })
}
const copyOut = async function copyout(page) {
  await page.getByTestId('more-linux').click()
  await page.getByRole('menuitem', { name: 'Copy a file out of it…' }).click()
  await page.getByLabel('File in the guest').fill('/var/log/dmesg')
}
const copying = async function copying(page) {
  await copyOut(page)
  await page.keyboard.press('Enter')
  await page.waitForTimeout(700)
}

const shots = [
  ...Object.keys(sizes).flatMap((size) => [shot('running', size, 'dark'), shot('running', size, 'light')]),
  ...['paused', 'stopped', 'failed', 'starting', 'silent', 'cut', 'sliders', 'long', 'one', 'three', 'four', 'firstrun', 'idle', 'stepfailed', 'reconnecting', 'refused', 'quiet', 'following'].map((name) => shot(name)),
  ...['sliders', 'long', 'firstrun', 'four', 'cut'].map((name) => shot(name, 'small', 'light')),
  shot('firstrun', 'full', 'light'),
  shot('silent', 'full', 'light'),
  shot('sliders', 'wide', 'light'),
  shot('failed', 'wide', 'light'),
  ...[focusLinux, palette, help, realWindows, more, keysMenu, settings, stacked, one, focusRing, badValue, confirmForce, messages].map((act) => shot('running', 'wide', act === focusRing || act === palette ? 'light' : 'dark', act)),
  shot('running', 'small', 'dark', focusLinux),
  ...[linkPanel, network, requests].flatMap((act) => [shot('running', 'wide', 'dark', act), shot('running', 'small', 'light', act)]),
  shot('cut', 'wide', 'light', network),
  ...Object.keys(sizes).flatMap((size) => [shot('library', size, 'dark', library), shot('library', size, 'light', library)]),
  ...['running', 'sliders', 'following', 'tight', 'over', 'long', 'three', 'four'].flatMap((name) => ['wide', 'full'].flatMap((size) => ['dark', 'light'].map((theme) => shot(name, size, theme, mixer)))),
  ...[stagePast].flatMap((act) => [shot('library', 'wide', 'dark', act), shot('library', 'full', 'light', act), shot('library', 'small', 'light', act)]),
  ...[noPast, stageMenu, resetStage, inside, copyIn, dragging, beside, copyOut, copying].flatMap((act) => [shot('running', 'wide', 'dark', act), shot('running', 'full', 'light', act)]),
  shot('stopped', 'wide', 'light', insideOff),
  ...[noPast, copyIn, copyOut, inside].map((act) => shot('long', 'wide', 'light', act)),
  ...[copyIn, copyOut, inside].map((act) => shot('silent', 'wide', 'dark', act)),
  ...[policies, charts].map((act) => shot('running', 'wide', 'dark', act)),
  ...[newGuest, hostile, snapshots, cardMenu, edit, bottom, exporting, cloning, template, needed, thrownAway, partGone].flatMap((act) => [shot('library', 'wide', 'dark', act), shot('library', 'full', 'light', act)]),
]

const filter = process.argv[2] ?? ''
await build({ configFile: resolve(root, 'test/fake/window/vite.config.ts'), logLevel: 'warn' })
const server = await serve(resolve(root, 'out/fake-window'))
const out = resolve(root, 'out/shots')
await mkdir(out, { recursive: true })
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
let complaints = 0
for (const { name, scenario, size, theme, act } of shots.filter((each) => each.name.includes(filter))) {
  const [width, height] = sizes[size]
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme })
  const page = await context.newPage()
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return
    complaints += 1
    process.stderr.write(`${name}: ${message.text()}\n`)
  })
  page.on('pageerror', (error) => {
    complaints += 1
    process.stderr.write(`${name}: ${error.message}\n`)
  })
  await page.goto(`${server.url}/?scenario=${scenario}${scenario === 'silent' && size === 'full' ? '#screen=windows' : ''}`)
  await page.waitForTimeout(scenario === 'reconnecting' || scenario === 'refused' ? 5_000 : 2_200)
  try {
    await act?.(page)
  } catch (error) {
    complaints += 1
    process.stderr.write(`${name}: ${error.message}\n`)
  }
  await page.waitForTimeout(500)
  await page.screenshot({ path: resolve(out, `${name}.png`) })
  await context.close()
  process.stdout.write(`${name}\n`)
}
await browser.close()
server.close()
process.exitCode = complaints === 0 ? 0 : 1
