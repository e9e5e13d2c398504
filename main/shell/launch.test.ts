import { describe, expect, it } from 'vitest'
import { directories } from '../../src/node/paths.ts'
import { browserArguments, findBrowser, hasDisplay, openWindow, type LaunchHost } from './launch.ts'

const machine = (env: NodeJS.ProcessEnv, programs: readonly string[] = []): LaunchHost => ({ env, platform: 'linux', isRoot: false, isExecutable: (path) => programs.includes(path) })

describe('launch', () => {
  it('prefers Chromium, then Chrome, then Edge, wherever on the path they are', () => {
    const env = { PATH: '/usr/bin:/opt/bin' }
    expect(findBrowser(machine(env, ['/usr/bin/microsoft-edge', '/opt/bin/chromium']))).toBe('/opt/bin/chromium')
    expect(findBrowser(machine(env, ['/usr/bin/microsoft-edge', '/opt/bin/google-chrome']))).toBe('/opt/bin/google-chrome')
    expect(findBrowser(machine(env, ['/usr/bin/firefox']))).toBeNull()
  })

  it('takes the browser it is told to, or none', () => {
    const env = { PATH: '/usr/bin', DIPTYCH_BROWSER: '/opt/own' }
    expect(findBrowser(machine(env, ['/opt/own', '/usr/bin/chromium']))).toBe('/opt/own')
    expect(findBrowser(machine(env, ['/usr/bin/chromium']))).toBeNull()
  })

  it('sees a display in X, Wayland and other systems', () => {
    expect([{}, { DISPLAY: ':0' }, { WAYLAND_DISPLAY: 'wayland-0' }, { DISPLAY: '' }].map((env) => hasDisplay(machine(env)))).toEqual([false, true, true, false])
    expect(hasDisplay({ ...machine({}), platform: 'darwin' })).toBe(true)
  })

  it('opens an app window with its own profile, and gives the sandbox up only as root', () => {
    const args = browserArguments('http://127.0.0.1:1/', '/state/browser', false)
    expect(args).toEqual(expect.arrayContaining(['--app=http://127.0.0.1:1/', '--user-data-dir=/state/browser']))
    expect(args).not.toContain('--no-sandbox')
    expect(browserArguments('x', 'y', true)).toContain('--no-sandbox')
  })

  it('says why it opens no window', () => {
    const serving = { port: 1, token: 'secret' }
    const places = directories({ DIPTYCH_HOME: '/nonexistent' })
    expect(openWindow(serving, places, machine({}))).toEqual({ opened: false, reason: expect.stringContaining('no display') })
    expect(openWindow(serving, places, machine({ DISPLAY: ':0' }))).toEqual({ opened: false, reason: expect.stringContaining('apt-get install chromium') })
    expect(openWindow(serving, places, machine({ DISPLAY: ':0', DIPTYCH_BROWSER: '/no' }))).toEqual({ opened: false, reason: expect.stringContaining('/no') })
  })
})
