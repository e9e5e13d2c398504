import { type Browser, chromium } from '@playwright/test'

/**
 * The system's Chromium for tests and benchmarks: quiet (nothing fetched, nothing asked), without a GPU, and without its
 * sandbox, because CI runs as root.
 */
export const chromiumOptions = {
  executablePath: process.env['DIPTYCH_BROWSER'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch(chromiumOptions)
}
