import type { AnyRouter } from '@orpc/server'
import { RPCHandler } from '@orpc/server/ws'

/** The host's side of a transport: ordered text messages, each sent when there is room for it. */
export interface ServerChannel {
  /** Resolves when the transport has taken the message; event streams wait for it, so slow readers bound them. */
  send(message: string): Promise<void>
  receive(listener: (message: string) => void): void
  onClose(listener: () => void): void
}

/** Answers calls that arrive on a channel with the router. The same for all three transports. */
export type RpcResponder = (channel: ServerChannel) => void

export function createRpcResponder(router: AnyRouter): RpcResponder {
  const handler = new RPCHandler(router)
  return (channel) => {
    let open = true
    const lookAlike = {
      send: (message: string) => (open ? channel.send(message) : Promise.resolve()),
      addEventListener(type: string, listener: (event: { data: string }) => void) {
        if (type === 'message') channel.receive((data) => listener({ data }))
        if (type === 'close') channel.onClose(() => listener({ data: '' }))
      },
    } as unknown as Parameters<typeof handler.upgrade>[0] // the two members oRPC uses
    channel.onClose(() => {
      open = false
    })
    void handler.upgrade(lookAlike)
  }
}
