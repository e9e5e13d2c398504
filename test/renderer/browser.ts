import type { Browser, BrowserContext, Page } from '@playwright/test'
import { resolve } from 'node:path'
import { build } from 'vite'
import { launchChromium } from '../support/chromium.ts'
// @ts-expect-error Plain JavaScript, shared with shots.mjs.
import { serve } from './serve.mjs'

const root = resolve(import.meta.dirname, '../..')

/** A real browser on the built window over the fake host, under the policy both shells send. */
export class WindowUnderTest {
  readonly #browser: Browser
  readonly #server: { url: string; close(): void }
  #context: BrowserContext | null = null

  private constructor(browser: Browser, server: { url: string; close(): void }) {
    this.#browser = browser
    this.#server = server
  }

  static async start(): Promise<WindowUnderTest> {
    await build({ configFile: resolve(root, 'test/fake/window/vite.config.ts'), logLevel: 'error' })
    const server = (await serve(resolve(root, 'out/fake-window'))) as { url: string; close(): void }
    return new WindowUnderTest(await launchChromium(), server)
  }

  /** Opens a scenario and waits until the window has heard from its host. Complaints of the console collect in the list. */
  async open(scenario: string, options: { width?: number; height?: number; theme?: 'light' | 'dark'; motion?: 'reduce' | 'no-preference'; query?: string } = {}): Promise<{ page: Page; complaints: string[] }> {
    const { width = 1280, height = 800, theme = 'dark', motion = 'no-preference', query = '' } = options
    await this.#context?.close() // one window at a time: each draws two moving screens
    const context = await this.#browser.newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: motion })
    this.#context = context
    const page = await context.newPage()
    page.setDefaultTimeout(300_000)
    const complaints: string[] = []
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(`${this.#server.url}/?scenario=${scenario}${query}`)
    await page.getByTestId('stage').or(page.getByTestId('waiting')).or(page.locator('[data-solo="true"]')).first().waitFor()
    return { page, complaints }
  }

  /** Holds the fake host's long work where it is, so that it can be looked at, or lets it go on. */
  async hold(page: Page, held: boolean): Promise<void> {
    await page.evaluate((event) => document.dispatchEvent(new Event(event)), held ? 'fake:hold' : 'fake:go-on')
  }

  /** Closes every page of the test that has ended. */
  async closePages(): Promise<void> {
    await Promise.all(this.#browser.contexts().map((context) => context.close()))
  }

  async stop(): Promise<void> {
    await this.#browser.close()
    this.#server.close()
  }
}
