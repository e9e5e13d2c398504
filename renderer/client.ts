import { connectWebSocket, protocolsFor } from '../src/contract/connect-websocket.ts'
import type { Connect } from './store/session.ts'

/** The token of this launch, from the address's fragment, which never leaves the browser. */
function tokenOf(address: Location): string {
  return new URLSearchParams(address.hash.slice(1)).get('token') ?? ''
}

/** Connects to the host that served this page. */
export const connect: Connect = () => {
  const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}`
  return connectWebSocket({ url, protocols: protocolsFor(tokenOf(location)) })
}
