import type { Browser } from '@playwright/test'
import react from '@vitejs/plugin-react'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'vite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTicket, createToken } from '../../src/node/transport/access.ts'
import { type ConnectionServer, serveConnections } from '../../src/node/transport/server.ts'
import { FakeHost } from '../contract/fake-router.ts'
import { launchChromium } from '../support/chromium.ts'

const token = createToken()
const host = new FakeHost()
let files: string
let server: ConnectionServer
let browser: Browser
const url = () => `http://127.0.0.1:${server.port}`

beforeAll(async () => {
  files = mkdtempSync(join(tmpdir(), 'diptych-window-'))
  await build({ configFile: false, logLevel: 'error', root: resolve(import.meta.dirname, '../../renderer'), plugins: [react()], build: { outDir: files } })
  server = await serveConnections({ router: host.router, openScreen: () => Promise.reject(new Error('none')), listen: { loopbackPort: 0, token, staticDirectory: files } })
  browser = await launchChromium()
})
afterAll(async () => {
  await browser?.close()
  host.endWatches()
  await server?.close()
  rmSync(files, { recursive: true, force: true })
})

/** Each window watches the guests, the meters and the stage. */
const windows = (count: number) => expect.poll(() => host.watchers, { timeout: 300_000 }).toBe(count * 3)

it('a window opened with a ticket keeps its token to itself, through reloads and in the windows it opens', async () => {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`${url()}/?ticket=${createTicket(token, Date.now())}`)
  await windows(1)
  expect(page.url()).toBe(`${url()}/`)
  expect(await context.cookies()).toEqual([])
  await page.reload()
  await windows(1)
  const opening = context.waitForEvent('page')
  await page.evaluate(() => void window.open('/#screen=linux', 'linux', 'popup'))
  await opening
  await windows(2)
  await context.close()
  await windows(0)
})

it('a page that was given no token is refused', async () => {
  const stranger = await (await browser.newContext()).newPage()
  const refused = stranger.waitForEvent('console', (message) => message.text().includes('403'))
  await stranger.goto(url())
  await refused
  expect(host.watchers).toBe(0)
})
