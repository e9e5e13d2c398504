import { app, BrowserWindow, dialog, ipcMain, Menu, MessageChannelMain, nativeImage, protocol, screen, session, shell, Tray } from 'electron'
import { join } from 'node:path'
import { directories } from '../../src/node/paths.ts'
import { serveConnections } from '../../src/node/transport/server.ts'
import { connectInProcess, hostSocketPath } from '../cli/attach.ts'
import { Accidents } from '../accidents.ts'
import { toWireError } from '../error-map.ts'
import { openHost } from '../host.ts'
import { HostBusy } from '../host-types.ts'
import { createLogger, hostLogPath } from '../log.ts'
import { findResources } from '../resources.ts'
import { prepareApp, runApp, type ElectronParts } from './electron-app.ts'

/** Entry of the Electron shell: the only file besides preload.ts that loads Electron. */
const electron: ElectronParts = { app, BrowserWindow, dialog, ipcMain, Menu, MessageChannelMain, nativeImage, protocol, screen, session, Tray }
const places = directories()

if (prepareApp(electron)) {
  void runApp(electron, {
    directories: places,
    openHost: () =>
      openHost({ directories: places, logger: createLogger(places) }).catch((error: unknown) => {
        throw error instanceof HostBusy ? error : toWireError(error)
      }),
    serveCommands: async (host) => {
      const server = await serveConnections({ router: host.router, openScreen: host.openScreen.bind(host), listen: { unixPath: hostSocketPath(places) } })
      return () => server.close()
    },
    connect: connectInProcess,
    watchAccidents: (ports) => new Accidents({ log: () => createLogger(places), logPath: hostLogPath(places), ...ports }).watch(),
    rendererDirectory: findResources().renderer,
    preloadPath: join(import.meta.dirname, '../preload/preload.cjs'),
    iconPath: join(findResources().recipes, '../icons/icon.png'),
    openInBrowser: (url) => void shell.openExternal(url).catch((error: unknown) => createLogger(places).warn({}, `no browser could be opened: ${String(error)}`)),
    bringUp: process.argv.includes('--up'),
  })
} else app.quit()
