import { spawn } from 'node:child_process'
import { accessSync, constants, mkdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Directories } from '../../src/node/paths.ts'
import { createTicket } from '../../src/node/transport/access.ts'

/** Browsers that know `--app`, in the order tried. All are Chromium at heart. */
const browsers = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'microsoft-edge-stable', 'microsoft-edge', 'brave-browser']

export interface LaunchHost {
  readonly env: NodeJS.ProcessEnv
  readonly platform: NodeJS.Platform
  readonly isRoot: boolean
  isExecutable(path: string): boolean
}

export const thisMachine = (): LaunchHost => ({
  env: process.env,
  platform: process.platform,
  isRoot: process.getuid?.() === 0,
  isExecutable(path) {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  },
})

/** The browser to use: `DIPTYCH_BROWSER` when set, else the first one on the path. */
export function findBrowser({ env, isExecutable }: LaunchHost): string | null {
  const chosen = env['DIPTYCH_BROWSER']
  if (chosen) return isExecutable(chosen) ? chosen : null
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const name of browsers) {
    const found = folders.map((folder) => join(folder, name)).find(isExecutable)
    if (found !== undefined) return found
  }
  return null
}

export function hasDisplay({ env, platform }: LaunchHost): boolean {
  return platform === 'darwin' || platform === 'win32' || Boolean(env['DISPLAY']) || Boolean(env['WAYLAND_DISPLAY'])
}

/** A window of its own with its own profile, so that nothing of the person's browsing mixes with it. */
export function browserArguments(url: string, profile: string, isRoot: boolean): string[] {
  const common = [`--app=${url}`, `--user-data-dir=${profile}`, '--no-first-run', '--no-default-browser-check', '--class=diptych', '--window-size=1440,900']
  // --test-type only takes away the banner about --no-sandbox, which the note on stderr tells already
  return isRoot ? [...common, '--no-sandbox', '--test-type'] : common
}

export type LaunchResult = { readonly opened: true; readonly note: string | null } | { readonly opened: false; readonly reason: string }

/** Opens a window on a serving host. The browser outlives this process. */
export function openWindow(serving: { port: number; token: string }, directories: Directories, machine: LaunchHost = thisMachine()): LaunchResult {
  if (!hasDisplay(machine)) return { opened: false, reason: 'there is no display (DISPLAY and WAYLAND_DISPLAY are not set)' }
  const browser = findBrowser(machine)
  if (browser === null) {
    const chosen = machine.env['DIPTYCH_BROWSER']
    return { opened: false, reason: chosen ? `DIPTYCH_BROWSER names ${chosen}, which cannot be run` : 'no Chromium, Chrome or Edge was found; install one with: sudo apt-get install chromium' }
  }
  const profile = join(directories.state, 'browser')
  mkdirSync(profile, { recursive: true, mode: 0o700 })
  const url = `http://127.0.0.1:${serving.port}/?ticket=${createTicket(serving.token, Date.now())}`
  const child = spawn(browser, browserArguments(url, profile, machine.isRoot), { detached: true, stdio: 'ignore' })
  child.on('error', () => undefined) // it was executable a moment ago; the URL is printed in any case
  child.unref()
  return { opened: true, note: machine.isRoot ? 'the browser runs without its sandbox, because it refuses to run with one as root' : null }
}
