import { defineConfig } from '@playwright/test'
import { chromiumOptions } from './test/support/chromium.ts'

/**
 * End-to-end tests drive the real product: `diptych serve`, two real guests, the system's Chromium. One worker: two
 * desktops under emulation fill a small machine. Nothing is timed; the limits only end a hopeless wait.
 */
export default defineConfig({
  testDir: 'test/e2e',
  workers: 1,
  fullyParallel: false,
  timeout: 600_000,
  expect: { timeout: 180_000 },
  outputDir: 'test-results',
  use: {
    viewport: { width: 1280, height: 800 },
    colorScheme: 'dark',
    trace: 'retain-on-failure',
    launchOptions: chromiumOptions,
  },
})
