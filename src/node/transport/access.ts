import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { protocolName } from '../../contract/connect-websocket.ts'

/** A launch's secret: 256 random bits, in a form that fits a URL fragment and a WebSocket subprotocol. */
export function createToken(): string {
  return randomBytes(32).toString('hex')
}

/** The names this server answers to. Anything else is DNS rebinding or a proxy, and refused. */
export function isOurHost(headers: IncomingHttpHeaders, port: number): boolean {
  return headers.host === `127.0.0.1:${port}` || headers.host === `localhost:${port}`
}

/**
 * Whether a WebSocket upgrade may go on. All of: our Host, an Origin that is this very server under the same name, our
 * protocol, and the launch's token, offered as subprotocol `token.<hex>` (compared in constant time). Never a cookie:
 * cookies do not tell ports apart, so every server of this computer would be sent it.
 */
export function mayUpgrade(headers: IncomingHttpHeaders, port: number, token: string): boolean {
  if (!isOurHost(headers, port) || headers.origin !== `http://${headers.host}`) return false
  const offered = offeredProtocols(headers)
  return offered.includes(protocolName) && offered.some((name) => sameSecret(name, `token.${token}`))
}

/** Whether a request without a browser's handshake may go on: our Host, no foreign Origin, and the launch's token as `Authorization: Bearer`. */
export function bearsToken(headers: IncomingHttpHeaders, port: number, token: string): boolean {
  const ours = isOurHost(headers, port) && (headers.origin === undefined || headers.origin === `http://${headers.host}`)
  return ours && sameSecret(headers.authorization ?? '', `Bearer ${token}`)
}

const ticketLifeMs = 60_000

/**
 * A ticket opens the window once, within a minute. A browser's command line can be read by every user of the machine,
 * so the token itself must not stand there. Whoever has the token can make tickets.
 */
export function createTicket(token: string, nowMs: number): string {
  const body = `${nowMs + ticketLifeMs}.${randomBytes(8).toString('hex')}`
  return `${body}.${signature(token, body)}`
}

/** Takes each valid ticket once. */
export class TicketGate {
  readonly #token: string
  readonly #used = new Map<string, number>()

  constructor(token: string) {
    this.#token = token
  }

  redeem(ticket: string, nowMs: number): boolean {
    const [expiry = '', nonce = '', mac = ''] = ticket.split('.')
    const body = `${expiry}.${nonce}`
    if (!sameSecret(mac, signature(this.#token, body)) || Number(expiry) < nowMs || this.#used.has(body)) return false
    for (const [used, until] of this.#used) if (until < nowMs) this.#used.delete(used)
    this.#used.set(body, Number(expiry))
    return true
  }
}

function signature(token: string, body: string): string {
  return createHmac('sha256', token).update(`ticket ${body}`).digest('hex')
}

export function offeredProtocols(headers: IncomingHttpHeaders): readonly string[] {
  return (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
}

/** Digests first, so that neither length nor content shows in the time taken. */
function sameSecret(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(left), digest(right))
}
