import { connectShell, type ShellPage } from '../src/contract/connect-shell.ts'
import { connectWebSocket, protocolsFor } from '../src/contract/connect-websocket.ts'
import type { Connect } from './store/session.ts'

/**
 * The token of this launch, from the address's fragment, which never leaves the browser; null when the window was opened
 * with a ticket, for which a cookie speaks.
 */
function tokenOf(address: Location): string | null {
  return new URLSearchParams(address.hash.slice(1)).get('token')
}

/** Connects to the host this page belongs to: through the Electron shell when it is in one, else to its server. */
export const connect: Connect = () => {
  const page: ShellPage = window
  if (page.diptychShell !== undefined) return connectShell(page)
  const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}`
  return connectWebSocket({ url, protocols: protocolsFor(tokenOf(location)) })
}
