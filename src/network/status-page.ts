import { ipv4Text } from './address.ts'
import { asciiBytes, concat } from './bytes.ts'
import { parseRequestHead } from './http-head.ts'
import { ipv6Text } from './ipv6.ts'
import type { Port } from './port.ts'
import type { TcpPeer, TcpService } from './tcp-responder.ts'

/** What the page at http://<domain>/ is made from. */
export interface StatusSource {
  readonly domain: string
  ports(): Iterable<Port>
  ipv6Of(port: Port): Uint8Array | null
}

/** Whose port the request came in on, and from which address. */
export interface Asker {
  readonly guest: string
  readonly address: string
}

const MAX_REQUEST_BYTES = 8_192
const oneByteText = new TextDecoder('latin1')

/** The page over TCP: one request a connection, up to the empty line after its head (RFC 9112 §2.1). */
export function statusService<Peer extends TcpPeer>(askerOf: (peer: Peer) => Asker, source: StatusSource): TcpService<Peer> {
  return {
    port: 80,
    once: true,
    measure: (received) => {
      const end = endOfHead(received)
      return end === 0 && received.length > MAX_REQUEST_BYTES ? 'too-long' : end
    },
    admits: () => true,
    tooLong: httpAnswer('431 Request Header Fields Too Large', 'text/plain', '', true),
    respond: (request, peer) => answerStatus(oneByteText.decode(request), askerOf(peer), source),
  }
}

/** Where the empty line ends; 0 while there is none. */
function endOfHead(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(13); at >= 0; at = bytes.indexOf(13, at + 1)) {
    if (bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at + 4
  }
  return 0
}

/** Answers a guest's request to the gateway: the page, the same as JSON at /guests.json, or 404. ASCII throughout. */
export function answerStatus(request: string, asker: Asker, source: StatusSource): Uint8Array {
  const head = parseRequestHead(request)
  if (head === null) return httpAnswer('400 Bad Request', 'text/plain', 'This is not an HTTP/1.x request.\n', true)
  const withBody = head.method !== 'HEAD'
  if (head.method !== 'GET' && head.method !== 'HEAD') return httpAnswer('405 Method Not Allowed', 'text/plain', 'Only GET and HEAD.\n', withBody)
  const [path] = head.target.split('?')
  if (path === '/') return httpAnswer('200 OK', 'text/html; charset=us-ascii', page(asker, source), withBody)
  if (path === '/guests.json') return httpAnswer('200 OK', 'application/json', `${JSON.stringify([...source.ports()].map((port) => row(port, source)))}\n`, withBody)
  return httpAnswer('404 Not Found', 'text/plain', 'The gateway serves / and /guests.json.\n', withBody)
}

function row(port: Port, { domain, ipv6Of }: StatusSource) {
  const ipv6 = ipv6Of(port)
  return { name: port.settings.guest, host: `${port.settings.guest}.${domain}`, ipv4: ipv4Text(port.ipv4), ipv6: ipv6 === null ? null : ipv6Text(ipv6), connected: port.wire !== null, linkUp: port.up, txBytes: port.tx.bytes, rxBytes: port.rx.bytes }
}

/** Guest names and the domain are DNS labels, so nothing here needs escaping. */
function page(asker: Asker, source: StatusSource): string {
  const rows = [...source.ports()].map((port) => {
    const { name, host, ipv4, ipv6, connected, linkUp, txBytes, rxBytes } = row(port, source)
    const state = connected ? (linkUp ? 'connected' : 'link cut') : 'not connected'
    return `<tr><td><a href="http://${host}/">${name}</a><td>${ipv4}${ipv6 === null ? '' : `<br>${ipv6}`}<td>${state}<td>${txBytes}<td>${rxBytes}`
  })
  return `<!doctype html><html lang=en><title>${source.domain}</title>
<style>body{font:16px/1.5 sans-serif;margin:2em auto;max-width:44em}td,th{padding:.2em 1em .2em 0;text-align:left}</style>
<h1>${source.domain}</h1>
<p>You are <b>${asker.guest}</b> (${asker.address}). This page comes from the network's own gateway: name, address and web of this guest work.
<table><tr><th>Guest<th>Address<th>State<th>Bytes sent<th>Bytes received
${rows.join('\n')}
</table>
`
}

/** An HTTP/1.1 answer that ends the connection; without its body for HEAD. */
function httpAnswer(status: string, type: string, body: string, withBody: boolean): Uint8Array {
  const bytes = asciiBytes(body)
  const head = asciiBytes(`HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${bytes.length}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n`)
  return withBody ? concat(head, bytes) : head
}
