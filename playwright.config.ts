import { defineConfig } from '@playwright/test'

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
    launchOptions: {
      executablePath: process.env['DIPTYCH_BROWSER'] ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
})
