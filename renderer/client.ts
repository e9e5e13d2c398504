import { connectShell, type ShellPage } from '../src/contract/connect-shell.ts'
import { connectWebSocket, protocolsFor } from '../src/contract/connect-websocket.ts'
import { takeToken } from './launch-token.ts'
import type { Connect } from './store/session.ts'

/** Connects to the host this page belongs to: through the Electron shell when it is in one, else to its server. */
export const connect: Connect = () => {
  const page: ShellPage = window
  if (page.diptychShell !== undefined) return connectShell(page)
  const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}`
  return connectWebSocket({ url, protocols: protocolsFor(takeToken(window)) })
}
