import type { Duplex } from 'node:stream'
import type { AnyRouter } from '@orpc/server'
import { controlWindow, FlowPort, unitsOfControl, type MessagePortLike } from '../../contract/flow-port.ts'
import { GuestName } from '../../contract/names.ts'
import { createRpcResponder } from './rpc-channel.ts'
import { joinPortAndScreen } from './screen-pipe.ts'

export interface PortServer {
  /** Answers calls arriving on `control` until either side closes it. Returns how to close it from this side. */
  serveControl(control: MessagePortLike): (reason: string) => void
  /** Joins `port` to a guest's screen; closes it with the reason when there is none. */
  serveScreen(guest: string, port: MessagePortLike): Promise<void>
}

/** Serves MessagePorts: Electron's shell hands one per window, and one per screen. */
export function servePorts(host: { router: AnyRouter; openScreen(guest: GuestName): Promise<Duplex> }): PortServer {
  const respond = createRpcResponder(host.router)
  return {
    serveControl(control) {
      const closeListeners: (() => void)[] = []
      let deliver: (message: string) => void = () => undefined
      const flow = new FlowPort(control, {
        window: controlWindow,
        unitsOf: unitsOfControl,
        onMessage: (message) => {
          if (typeof message === 'string') deliver(message)
        },
        onClose: () => {
          for (const listener of closeListeners) listener()
        },
      })
      respond({
        send: async (message) => {
          if (!flow.send(message)) await flow.drained()
        },
        receive: (listener) => {
          deliver = listener
        },
        onClose: (listener) => closeListeners.push(listener),
      })
      flow.ready()
      return (reason) => flow.close(reason)
    },
    async serveScreen(guest, port) {
      try {
        joinPortAndScreen(port, await host.openScreen(GuestName.parse(guest)))
      } catch (error) {
        port.postMessage({ goodbye: error instanceof Error ? error.message : String(error), code: 4404 })
        port.close()
      }
    },
  }
}
