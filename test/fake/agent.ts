import { AgentSession } from '../../src/engine/qemu/agent-session.ts'
import { qemuGuestAgent } from '../../src/engine/qemu/guest-agent.ts'
import { asNumber, asObject, parseJson, type JsonObject } from '../../src/engine/qemu/json.ts'
import { FakeStream } from './byte-stream.ts'

/** An agent that syncs as it should and answers commands with `answer`; null is silence. */
export function fakeAgent(answer: (command: string, parameters: JsonObject) => object | string | Uint8Array | null, options: { syncs?: boolean; maximumLineBytes?: number } = {}) {
  const stream = new FakeStream()
  stream.onWrite = (text) => {
    // eslint-disable-next-line unicorn/prefer-string-slice -- drop what TextDecoder made of the 0xFF
    const message = asObject(parseJson(text.replace(/^[^{]*/, '')))
    const command = String(message['execute'])
    const parameters = asObject(message['arguments'])
    if (command === 'guest-sync-delimited') {
      const reply = new TextEncoder().encode(`${JSON.stringify({ return: asNumber(parameters['id']) })}\n`)
      if (options.syncs !== false) queueMicrotask(() => stream.receive(Uint8Array.of(0xff, ...reply)))
      return
    }
    const reply = answer(command, parameters)
    if (reply === null) return
    queueMicrotask(() => (typeof reply === 'string' || reply instanceof Uint8Array ? stream.receive(reply) : stream.tell(reply)))
  }
  const session = new AgentSession(stream, { firstSyncId: 7, ...(options.maximumLineBytes === undefined ? {} : { maximumLineBytes: options.maximumLineBytes }) })
  return { stream, session, client: qemuGuestAgent(async () => session) }
}
