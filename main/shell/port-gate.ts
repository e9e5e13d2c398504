import { z } from 'zod'
import type { PortServer } from '../../src/node/transport/serve-port.ts'
import { portAnswerChannel } from './channels.ts'
import { asMessagePort, type MainPort } from './port-adapter.ts'
import { isOurUrl } from './security.ts'

const Request = z.discriminatedUnion('kind', [z.object({ kind: z.literal('control') }), z.object({ kind: z.literal('screen'), guest: z.string().max(32) })])
const Id = z.string().regex(/^port-\d{1,9}$/)

/** The frame that asked, as ipcMain's event shows it. null once the frame is gone. */
export interface PortAsker {
  readonly senderFrame: { readonly url: string; readonly parent: unknown; postMessage(channel: string, message: unknown, transfer?: MainPort[]): void } | null
}

/**
 * The one IPC gate. A port is given only to the top frame of a page of ours, and only for a well-formed request;
 * anything else gets silence, because it is not the window.
 */
export function createPortGate(server: PortServer, makeChannel: () => { port1: MainPort; port2: MainPort }) {
  return (asker: PortAsker, id: unknown, request: unknown): void => {
    const frame = asker.senderFrame
    if (frame === null || frame.parent !== null || !isOurUrl(frame.url)) return
    const [askedId, asked] = [Id.safeParse(id), Request.safeParse(request)]
    if (!askedId.success || !asked.success) return
    const { port1, port2 } = makeChannel()
    frame.postMessage(portAnswerChannel, askedId.data, [port2])
    if (asked.data.kind === 'control') server.serveControl(asMessagePort(port1))
    else void server.serveScreen(asked.data.guest, asMessagePort(port1))
  }
}
