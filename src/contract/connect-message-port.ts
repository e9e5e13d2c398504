import { Closing } from './closing.ts'
import { ConnectionClosed, type Connection } from './connection.ts'
import { controlWindow, FlowPort, unitsOfControl, type MessagePortLike } from './flow-port.ts'
import type { GuestName } from './names.ts'
import { createClient } from './rpc-client.ts'
import { PortScreen } from './screen-port.ts'

export interface MessagePortOptions {
  /** Carries calls and events. Owned by the connection from here on. */
  readonly control: MessagePortLike
  /** Asks the shell for a port to a guest's screen (in Electron: through the preload script). */
  readonly openScreenPort: (guest: GuestName) => Promise<MessagePortLike>
}

/** Connects the client over a MessagePort. Resolves when the host is listening; rejects with ConnectionClosed. */
export function connectMessagePort(options: MessagePortOptions): Promise<Connection> {
  const closing = new Closing()
  const screens = new Set<PortScreen>()
  let deliver: (message: string) => void = () => undefined

  return new Promise((resolve, reject) => {
    const flow = new FlowPort(options.control, {
      window: controlWindow,
      unitsOf: unitsOfControl,
      onMessage: (message) => {
        if (typeof message === 'string') deliver(message)
      },
      onReady: () => resolve(connection),
      onClose: (reason) => {
        closing.settle(reason)
        for (const screen of screens) screen.close()
        reject(new ConnectionClosed(reason))
      },
    })
    const client = createClient(
      {
        send: (message) => void flow.send(message),
        receive: (listener) => {
          deliver = listener
        },
      },
      closing,
    )
    const connection: Connection = {
      client,
      closed: closing.promise,
      openScreen(guest) {
        if (closing.reason !== undefined) throw new ConnectionClosed(closing.reason)
        const screen = new PortScreen(options.openScreenPort(guest), (ended) => screens.delete(ended))
        screens.add(screen)
        return screen
      },
      close: () => flow.close('closed by this side'),
    }
  })
}
