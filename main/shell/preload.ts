import { contextBridge, ipcRenderer, type IpcRendererEvent, webUtils } from 'electron'
import type { PortRequest, ShellBridge } from '../../src/contract/connect-shell.ts'
import { portAnswerChannel, portRequestChannel } from './channels.ts'

/**
 * Runs before the page in a sandboxed, isolated world. Gives the page two functions and hands the ports it asks for on;
 * the page gets neither ipcRenderer nor any event object.
 */

/** The page's own `postMessage`: this file compiles without the DOM library. */
declare const window: { postMessage(message: unknown, targetOrigin: string, transfer: readonly unknown[]): void }
declare const location: { readonly origin: string }

const bridge: ShellBridge = {
  requestPort(id: string, request: PortRequest) {
    ipcRenderer.send(portRequestChannel, id, request)
  },
  pathOf(file: unknown) {
    return webUtils.getPathForFile(file as Parameters<typeof webUtils.getPathForFile>[0])
  },
}

ipcRenderer.on(portAnswerChannel, (event: IpcRendererEvent, id: string) => {
  window.postMessage({ diptychPort: id }, location.origin, event.ports)
})

contextBridge.exposeInMainWorld('diptychShell', bridge)
