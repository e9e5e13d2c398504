import type { BrowserWindow as Window, Tray as TrayIcon } from 'electron'
import type { Client } from '../../src/contract/connection.ts'
import { lineFor } from '../../src/contract/sentence.ts'
import type { Directories } from '../../src/node/paths.ts'
import { servePorts } from '../../src/node/transport/serve-port.ts'
import type { AccidentPorts } from '../accidents.ts'
import { HostBusy, type Host } from '../host-types.ts'
import { answerAppRequest } from './app-protocol.ts'
import { portRequestChannel } from './channels.ts'
import { menuTemplate, trayTemplate, type MenuActions } from './menu.ts'
import { createPortGate } from './port-gate.ts'
import { appScheme, appUrl, confine, mayHavePermission, webPreferences } from './security.ts'
import { loadWindowState, placeWindow, saveWindowState, smallestWindow } from './window-state.ts'

/** What is used of Electron. Only electron.ts imports the package; a test gives a fake of these few. */
export type ElectronParts = Pick<
  typeof import('electron'),
  'app' | 'BrowserWindow' | 'dialog' | 'ipcMain' | 'Menu' | 'MessageChannelMain' | 'nativeImage' | 'protocol' | 'screen' | 'session' | 'Tray'
>

export interface ShellOptions {
  readonly directories: Directories
  readonly openHost: () => Promise<Host>
  /** Serves the host to the command line as well; returns how to stop. */
  readonly serveCommands: (host: Host) => Promise<() => Promise<void>>
  /** A client of the host in this process, for the menus. */
  readonly connect: (host: Host) => Promise<{ client: Client; close(): void }>
  /** Hears of what nobody caught in this process. */
  readonly watchAccidents: (ports: Pick<AccidentPorts, 'told' | 'end' | 'exit'>) => void
  readonly rendererDirectory: string
  readonly preloadPath: string
  readonly iconPath: string
  readonly openInBrowser: (url: string) => void
  /** Whether to start the demonstration pair at once (`--up`). */
  readonly bringUp?: boolean
}

/** Must run before Electron is ready. Returns false when another instance is running and has been asked to show itself. */
export function prepareApp({ app, protocol }: ElectronParts): boolean {
  protocol.registerSchemesAsPrivileged([{ scheme: appScheme, privileges: { standard: true, secure: true, supportFetchAPI: true } }])
  app.enableSandbox()
  return app.requestSingleInstanceLock()
}

/**
 * The Electron shell: one host, one main window, its pop-outs, a tray icon. Closing the last window or quitting ends the
 * shell; guests and their network keep running.
 */
export async function runApp(electron: ElectronParts, options: ShellOptions): Promise<void> {
  const { app, BrowserWindow, dialog, ipcMain, Menu, MessageChannelMain, nativeImage, screen, session, Tray } = electron
  let host: Host | null = null
  let accident: string | null = null
  const giveUp = () => {
    if (accident !== null) dialog.showErrorBox('Diptych has to end', accident)
    app.exit(1)
  }
  options.watchAccidents({
    told: (text) => host?.tellFailure(text),
    end: (text) => {
      accident = text
      if (host === null) giveUp()
      else app.quit()
    },
    exit: giveUp,
  })
  await app.whenReady()
  let opened: Host
  let stopServing: () => Promise<void>
  try {
    opened = await options.openHost()
    stopServing = await options.serveCommands(opened)
    host = opened
  } catch (error) {
    dialog.showErrorBox('Diptych cannot start', error instanceof HostBusy ? `Diptych is running already, in process ${error.processId}. Use its window, or end that process; running guests are kept.` : lineFor(error))
    app.exit(1)
    return
  }

  session.defaultSession.protocol.handle(appScheme, (request) => answerAppRequest(options.rendererDirectory, request))
  session.defaultSession.setPermissionRequestHandler((_contents, permission, decide, details) => decide(mayHavePermission(permission, details.requestingUrl)))
  session.defaultSession.setPermissionCheckHandler((_contents, permission, origin) => mayHavePermission(permission, origin))
  app.on('web-contents-created', (_event, contents) => confine(contents, options.preloadPath, options.openInBrowser))
  ipcMain.on(portRequestChannel, createPortGate(servePorts(opened), () => new MessageChannelMain()))

  const connection = await options.connect(opened)
  let window: Window | null = null
  const showWindow = () => {
    if (window === null || window.isDestroyed()) window = openMainWindow(electron, options)
    if (window.isMinimized()) window.restore()
    window.show()
    window.focus()
  }
  const told = (work: Promise<unknown>) => void work.catch((error: unknown) => dialog.showErrorBox('Diptych', lineFor(error)))
  const actions: MenuActions = {
    startPair: () => told(connection.client.stage.up({})),
    stopPair: () => told(connection.client.stage.down({})),
    showWindow,
    toggleFullScreen: () => {
      const focused = BrowserWindow.getFocusedWindow()
      focused?.setFullScreen(!focused.isFullScreen())
    },
    quit: () => app.quit(),
  }
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(actions)))
  const tray: TrayIcon = new Tray(nativeImage.createFromPath(options.iconPath).resize({ width: 22, height: 22 }))
  tray.setToolTip('Diptych')
  tray.setContextMenu(Menu.buildFromTemplate(trayTemplate(actions)))
  tray.on('click', showWindow)

  app.on('second-instance', showWindow)
  app.on('activate', showWindow)
  app.on('window-all-closed', () => app.quit())
  let ended = false
  app.on('will-quit', (event) => {
    if (ended) return
    event.preventDefault() // until the host has let go of the guests
    ended = true
    tray.destroy()
    connection.close()
    void stopServing()
      .then(() => opened.close())
      .finally(() => (accident === null ? app.quit() : giveUp()))
  })
  screen.on('display-removed', () => {
    if (window !== null && !window.isDestroyed()) window.setBounds(placeWindow({ bounds: window.getBounds(), maximized: false }, displayAreas(electron)))
  })
  showWindow()
  if (options.bringUp) actions.startPair()
}

function displayAreas({ screen }: ElectronParts) {
  return screen.getAllDisplays().map((display) => display.workArea)
}

function openMainWindow(electron: ElectronParts, { directories, preloadPath, iconPath }: ShellOptions): Window {
  const state = loadWindowState(directories)
  const window = new electron.BrowserWindow({
    ...placeWindow(state, displayAreas(electron)),
    minWidth: smallestWindow.width,
    minHeight: smallestWindow.height,
    title: 'Diptych',
    icon: iconPath,
    backgroundColor: '#101114',
    show: false,
    webPreferences: webPreferences(preloadPath),
  })
  if (state?.maximized) window.maximize()
  window.on('close', () => {
    const next = { bounds: window.getNormalBounds(), maximized: window.isMaximized() }
    void saveWindowState(directories, next).catch(() => undefined) // the next start opens at the usual place
  })
  void window.loadURL(appUrl)
  return window
}
