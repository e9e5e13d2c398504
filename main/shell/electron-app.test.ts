import { EventEmitter } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectShell, type PortMessage, type ShellPage } from '../../src/contract/connect-shell.ts'
import type { MessagePortLike } from '../../src/contract/flow-port.ts'
import { GuestName } from '../../src/contract/names.ts'
import { Uploads } from '../../src/node/image/uploads.ts'
import { directories } from '../../src/node/paths.ts'
import { FakeHost } from '../../test/contract/fake-router.ts'
import { FakeScreen } from '../../test/contract/fake-screen.ts'
import { connectInProcess } from '../cli/attach.ts'
import { HostBusy, type Host } from '../host-types.ts'
import { portAnswerChannel, portRequestChannel } from './channels.ts'
import { prepareApp, runApp, type ElectronParts, type ShellOptions } from './electron-app.ts'
import { FakeElectron, type FakeContents } from '../../test/fake/electron.ts'
import { appUrl } from './security.ts'

let home: string
let electron: FakeElectron
let host: FakeHost
let hostClosed: number
let failuresTold: string[]
let accidents: Parameters<ShellOptions['watchAccidents']>[0]

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'diptych-electron-'))
  mkdirSync(join(home, 'renderer'))
  mkdirSync(join(home, 'state'))
  writeFileSync(join(home, 'renderer', 'index.html'), '<!doctype html>')
  electron = new FakeElectron(() => new MessageChannel())
  host = new FakeHost()
  hostClosed = 0
  failuresTold = []
})
afterEach(() => rmSync(home, { recursive: true }))

const parts = () => electron.parts as unknown as ElectronParts // the few calls the shell makes

function options(change: Partial<ShellOptions> = {}): ShellOptions {
  const opened: Host = {
    router: host.router,
    openScreen: async () => new FakeScreen(1000),
    uploads: new Uploads(home),
    metrics: async () => '',
    tellFailure: (text) => void failuresTold.push(text),
    close: async () => {
      hostClosed += 1
    },
  }
  return {
    directories: directories({ DIPTYCH_HOME: home }),
    openHost: async () => opened,
    serveCommands: async () => async () => undefined,
    connect: connectInProcess,
    watchAccidents: (ports) => void (accidents = ports),
    rendererDirectory: join(home, 'renderer'),
    preloadPath: '/preload.cjs',
    iconPath: '/icon.png',
    openInBrowser: () => undefined,
    ...change,
  }
}

/** A page whose preload script asks the fake's ipcMain, as preload.ts does. */
function pageIn(contents: FakeContents): ShellPage {
  const events = new EventEmitter()
  const page: ShellPage = {
    diptychShell: {
      pathOf: () => '',
      requestPort: (id, request) => electron.ipc.emit(portRequestChannel, { senderFrame: contents.mainFrame }, id, request),
    },
    addEventListener: (type, listener) => void events.on(type, listener),
    removeEventListener: (type, listener) => void events.off(type, listener),
  }
  contents.mainFrame.postMessage = (channel, id, ports) => {
    expect(channel).toBe(portAnswerChannel)
    events.emit('message', { source: page, data: { diptychPort: id }, ports: ports as unknown as MessagePortLike[] } satisfies PortMessage)
  }
  return page
}

describe('the Electron shell', () => {
  it('is one instance in the sandbox, with app:// as a secure origin', () => {
    expect(prepareApp(parts())).toBe(true)
    expect(electron.sandboxed).toBe(true)
    expect(electron.schemes).toEqual([{ scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } }])
    electron.otherInstance = true
    expect(prepareApp(parts())).toBe(false)
  })

  it('opens an isolated, sandboxed window on our own page', async () => {
    await runApp(parts(), options())
    const [window] = electron.windows
    expect(window?.options.webPreferences).toMatchObject({ contextIsolation: true, sandbox: true, nodeIntegration: false, webSecurity: true, webviewTag: false, preload: '/preload.cjs' })
    expect([window?.url, window?.shown, electron.windows.length]).toEqual([appUrl, true, 1])
  })

  it('carries calls, refusals and screens over the ports the window asks for', async () => {
    await runApp(parts(), options())
    const connection = await connectShell(pageIn(electron.contents()))
    expect(await connection.client.guest.list()).toHaveLength(2)
    await expect(connection.client.guest.pause({ name: GuestName.parse('linux') })).rejects.toMatchObject({ code: 'REFUSED' })
    const screen = connection.openScreen(GuestName.parse('linux'))
    const bytes = await new Promise<number>((resolve) => {
      screen.onmessage = ({ data }) => resolve(data.byteLength)
    })
    expect(bytes).toBe(1000)
    connection.close()
  })

  it('gives ports to the top frame of our own page only, and only for a well-formed request', async () => {
    await runApp(parts(), options())
    const posted: unknown[] = []
    const ask = (url: string, parent: unknown, id: unknown, request: unknown) =>
      electron.ipc.emit(portRequestChannel, { senderFrame: { url, parent, postMessage: (...args: unknown[]) => posted.push(args) } }, id, request)
    const control = { kind: 'control' }
    ask('https://evil.example/', null, 'port-1', control)
    ask('app://diptych.evil/', null, 'port-1', control)
    ask(appUrl, { url: appUrl }, 'port-1', control)
    ask(appUrl, null, '../port', control)
    ask(appUrl, null, 'port-1', { kind: 'everything' })
    ask(appUrl, null, 'port-1', { kind: 'screen', guest: 7 })
    electron.ipc.emit(portRequestChannel, { senderFrame: null }, 'port-1', control)
    expect(posted).toEqual([])
    ask(appUrl, null, 'port-1', control)
    expect(posted).toHaveLength(1)
    for (const [, , ports] of posted as [string, string, MessagePortLike[]][]) ports[0]?.close()
  })

  it('lets no page leave our origin, embed a webview, or open anything but our pop-outs', async () => {
    await runApp(parts(), options())
    const contents = electron.contents()
    for (const event of ['will-navigate', 'will-redirect', 'will-frame-navigate']) {
      expect([contents.wasPrevented(event, 'https://example.org/'), contents.wasPrevented(event, `${appUrl}#screen=linux`)]).toEqual([true, false])
    }
    expect(contents.wasPrevented('will-attach-webview', '')).toBe(true)
    expect(contents.open('https://example.org/')).toEqual({ action: 'deny' })
    expect(contents.open('file:///etc/passwd')).toEqual({ action: 'deny' })
    expect(contents.open(`${appUrl}#screen=linux`)).toMatchObject({ action: 'allow', overrideBrowserWindowOptions: { webPreferences: { sandbox: true, contextIsolation: true } } })
  })

  it("opens a guest's published page in the person's browser, and nothing else there", async () => {
    const opened: string[] = []
    await runApp(parts(), options({ openInBrowser: (url) => opened.push(url) }))
    const contents = electron.contents()
    for (const url of ['http://linux.localhost:40001/', 'http://linux.localhost:40001/x?y', 'https://example.org/', 'http://localhost.example.org:80/', 'file:///etc/passwd', `${appUrl}#screen=linux`]) contents.open(url)
    expect(opened).toEqual(['http://linux.localhost:40001/'])
    expect(contents.open('http://linux.localhost:40001/')).toEqual({ action: 'deny' })
  })

  it('denies permissions but those a screen needs, and those to our page only', async () => {
    await runApp(parts(), options())
    const answers = ['media', 'geolocation', 'notifications', 'clipboard-read', 'openExternal', 'fullscreen', 'pointerLock'].map((name) => electron.permission(name, appUrl))
    expect(answers).toEqual([false, false, false, false, false, true, true])
    expect(electron.permission('fullscreen', 'https://example.org/')).toBe(false)
  })

  it('serves app:// from the built window with the strict headers, and nothing outside of it', async () => {
    await runApp(parts(), options())
    const page = await electron.fetch(appUrl)
    expect([page.status, await page.text()]).toEqual([200, '<!doctype html>'])
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
    expect([(await electron.fetch('app://diptych/../state')).status, (await electron.fetch('app://other/')).status, (await electron.fetch(appUrl, 'POST')).status]).toEqual([404, 403, 405])
  })

  it('registers no accelerator: every key belongs to the guest', async () => {
    await runApp(parts(), options())
    const items = electron.menu.flatMap((menu) => (Array.isArray(menu.submenu) ? menu.submenu : []))
    expect(items.length).toBeGreaterThan(3)
    for (const item of items) expect(item.role === undefined && item.accelerator === undefined && (item.type === 'separator' || item.registerAccelerator === false)).toBe(true)
  })

  it('tells in a box what a menu action failed with', async () => {
    await runApp(parts(), options())
    electron.choose('Start both guests')
    await expect.poll(() => host.upsWaiting).toBe(1)
    host.finishUp('cancelled')
    await expect.poll(() => electron.boxes).toEqual([['Diptych', 'Setting up was cancelled. Nothing half done is left; asking again goes on from what is finished.']])
  })

  it('brings the pair up when asked to, as npm start does', async () => {
    await runApp(parts(), options({ bringUp: true }))
    await expect.poll(() => host.upsWaiting).toBe(1)
    host.finishUp('ready')
  })

  it('shows its window again when a second instance is started, and remembers where it was', async () => {
    await runApp(parts(), options())
    const window = electron.windows[0]
    window?.minimize()
    electron.app.emit('second-instance')
    expect([window?.isMinimized(), electron.windows.length]).toEqual([false, 1])
    window?.emit('close')
    await expect.poll(() => existsSync(join(home, 'state', 'window.json'))).toBe(true)
  })

  it('lets the host go before it quits, once', async () => {
    await runApp(parts(), options())
    electron.app.emit('window-all-closed')
    await expect.poll(() => electron.quitting).toBe(2)
    expect(hostClosed).toBe(1)
  })

  it('tells the window of a failure on the side, and goes on', async () => {
    await runApp(parts(), options())
    accidents.told('a promise was rejected')
    expect([failuresTold, electron.quitting, electron.exitCode]).toEqual([['a promise was rejected'], 0, null])
  })

  it('lets the host go after an exception that nobody caught, then says so in a box, and ends', async () => {
    await runApp(parts(), options())
    accidents.end('a bug; see the log')
    expect(electron.boxes).toEqual([])
    await expect.poll(() => electron.exitCode).toBe(1)
    expect([hostClosed, electron.boxes]).toEqual([1, [['Diptych has to end', 'a bug; see the log']]])
  })

  it('ends at once on one before there is a host', async () => {
    await runApp(parts(), options({ openHost: () => (accidents.end('a bug'), Promise.reject(new HostBusy(4711, '/data'))) }))
    expect([electron.boxes[0], electron.exitCode]).toEqual([['Diptych has to end', 'a bug'], 1])
  })

  it('says in a box why it cannot start, and ends', async () => {
    await runApp(parts(), options({ openHost: () => Promise.reject(new HostBusy(4711, '/data')) }))
    expect(electron.boxes).toEqual([['Diptych cannot start', expect.stringContaining('process 4711')]])
    expect([electron.exitCode, electron.windows.length]).toEqual([1, 0])
  })
})
