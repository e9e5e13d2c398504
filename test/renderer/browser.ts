import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContext, Page } from '@playwright/test'
import { resolve } from 'node:path'
import { build } from 'vite'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
// @ts-expect-error Plain JavaScript, shared with shots.mjs.
import { serve } from './serve.mjs'

const root = resolve(import.meta.dirname, '../..')

interface Started {
  readonly browser: Browser
  readonly server: { readonly url: string; close(): void }
}

/**
 * A real browser on the built window over the fake host, under the policy both shells send. Made once at the top of a test
 * file: it is there from the file's first test to its last, and each test's pages close with it.
 */
export class WindowUnderTest {
  #started: Started | null = null
  #context: BrowserContext | null = null

  constructor() {
    beforeAll(async () => {
      await build({ configFile: resolve(root, 'test/fake/window/vite.config.ts'), logLevel: 'error' })
      const server = (await serve(resolve(root, 'out/fake-window'))) as Started['server']
      this.#started = { server, browser: await launchChromium() }
    })
    afterEach(async () => {
      await Promise.all(this.#there().browser.contexts().map((context) => context.close()))
    })
    afterAll(async () => {
      const { browser, server } = this.#there()
      await browser.close()
      server.close()
    })
  }

  /** Opens a scenario and waits until the window has heard from its host. Complaints of the console collect in the list. */
  async open(scenario: string, options: { width?: number; height?: number; theme?: 'light' | 'dark'; motion?: 'reduce' | 'no-preference'; query?: string } = {}): Promise<{ page: Page; complaints: string[] }> {
    const { width = 1280, height = 800, theme = 'dark', motion = 'no-preference', query = '' } = options
    const { browser, server } = this.#there()
    await this.#context?.close() // one window at a time: each draws two moving screens
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: motion })
    this.#context = context
    const page = await context.newPage()
    page.setDefaultTimeout(300_000)
    const complaints: string[] = []
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(`${server.url}/?scenario=${scenario}${query}`)
    await page.getByTestId('stage').or(page.getByTestId('waiting')).or(page.locator('[data-solo="true"]')).first().waitFor()
    return { page, complaints }
  }

  /** Holds the fake host's long work where it is, so that it can be looked at, or lets it go on. */
  async hold(page: Page, held: boolean): Promise<void> {
    await page.evaluate((event) => document.dispatchEvent(new Event(event)), held ? 'fake:hold' : 'fake:go-on')
  }

  #there(): Started {
    if (this.#started === null) throw new Error('the window under test is not there: it is made when the file’s first test begins')
    return this.#started
  }
}

/** What keeps somebody from reading the part with this test id, as axe finds it; each with its first place. */
export async function violationsIn(page: Page, testId: string): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).include(`[data-testid="${testId}"]`).analyze()
  return violations.map((each) => `${each.id}: ${each.nodes[0]?.html ?? ''}`)
}
