import type { MessagePortLike } from '../../src/contract/flow-port.ts'

/** The part of Electron's MessagePortMain used here (electronjs.org/docs/latest/api/message-port-main). */
export interface MainPort {
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown
  on(event: 'close', listener: () => void): unknown
  postMessage(message: unknown): void
  start(): void
  close(): void
}

/** Electron's main-process port in the DOM's shape, which the flow control speaks. */
export function asMessagePort(port: MainPort): MessagePortLike {
  let handler: ((event: never) => void) | null = null
  port.on('message', (event) => (handler as ((event: { data: unknown }) => void) | null)?.(event))
  return {
    get onmessage() {
      return handler
    },
    set onmessage(listener) {
      handler = listener
    },
    postMessage: (message) => port.postMessage(message),
    addEventListener: (_type, listener) => void port.on('close', listener),
    start: () => port.start(),
    close: () => port.close(),
  }
}
