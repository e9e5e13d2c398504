import { concat, u16 } from './bytes.ts'
import { MAX_QUESTION_BYTES, type DnsResponder } from './dns-responder.ts'
import type { Port } from './port.ts'
import type { TcpPeer, TcpService } from './tcp-responder.ts'

const LENGTH_BYTES = 2

/**
 * DNS over TCP (RFC 1035 §4.2.2, RFC 7766): each message behind its length in two bytes, any number of questions on one
 * connection, each answered when its answer is there. What is no question ends the connection. A frame may hold many questions:
 * each counts as a frame to the gateway does.
 */
export function dnsService<Peer extends TcpPeer & { readonly owner: Port }>(dns: DnsResponder, now: () => number): TcpService<Peer> {
  return {
    port: 53,
    once: false,
    measure: (received) => {
      if (received.length < LENGTH_BYTES) return 0
      const length = u16(received, 0)
      if (length > MAX_QUESTION_BYTES) return 'too-long'
      return received.length < LENGTH_BYTES + length ? 0 : LENGTH_BYTES + length
    },
    admits: ({ owner }) => owner.gatewayBudget.take(1, now()),
    tooLong: new Uint8Array(),
    respond: (request, { owner }, answered) => {
      const answer = dns.answer(request.subarray(LENGTH_BYTES), owner, 'tcp', (reply) => answered(framed(reply)))
      return answer instanceof Uint8Array ? framed(answer) : answer
    },
  }
}

/** A message behind its length. */
export function framed(message: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(message.length >> 8, message.length & 255), message)
}
