import { connectMessagePort } from './connect-message-port.ts'
import type { Connection } from './connection.ts'
import type { MessagePortLike } from './flow-port.ts'

/**
 * What the Electron shell's preload script puts into the page as `diptychShell`: a way to ask for ports, and the paths of
 * files that the person handed to the page.
 * A port comes back as a window message `{ diptychPort: id }`, because contextBridge cannot carry ports. What the host
 * has to say against a request comes over the port itself.
 */
export interface ShellBridge {
  requestPort(id: string, request: PortRequest): void
  /** The path of a `File` that was dropped or picked; empty when it has none on disk. */
  pathOf(file: unknown): string
}

/** `control` carries calls and events; a screen carries one guest's picture and input. */
export type PortRequest = { readonly kind: 'control' } | { readonly kind: 'screen'; readonly guest: string }

/** The page in which the bridge lives: `window`. */
export interface ShellPage {
  readonly diptychShell?: ShellBridge
  addEventListener(type: 'message', listener: (event: PortMessage) => void): void
  removeEventListener(type: 'message', listener: (event: PortMessage) => void): void
}

/** A window's message event, as far as it is read here. */
export interface PortMessage {
  readonly source: unknown
  readonly data: { readonly diptychPort?: unknown } | null
  readonly ports: readonly MessagePortLike[]
}

/** Connects through the Electron shell. Rejects when the page is not in one. */
export async function connectShell(page: ShellPage): Promise<Connection> {
  const bridge = page.diptychShell
  if (bridge === undefined) throw new Error('this page is not in the Diptych shell')
  const control = await requestPort(page, bridge, { kind: 'control' })
  return connectMessagePort({ control, openScreenPort: (guest) => requestPort(page, bridge, { kind: 'screen', guest }) })
}

let requests = 0

function requestPort(page: ShellPage, bridge: ShellBridge, request: PortRequest): Promise<MessagePortLike> {
  requests += 1
  const id = `port-${requests}`
  return new Promise((resolve, reject) => {
    const listen = (event: PortMessage) => {
      if (event.source !== page || event.data?.diptychPort !== id) return
      page.removeEventListener('message', listen)
      const [port] = event.ports
      if (port === undefined) reject(new Error('the shell gave no port'))
      else resolve(port)
    }
    page.addEventListener('message', listen)
    bridge.requestPort(id, request)
  })
}
