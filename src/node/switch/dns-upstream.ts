import { createSocket } from 'node:dgram'
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect, isIP } from 'node:net'
import type { DnsTransport, DnsUpstream } from '../../network/dns-responder.ts'
import { framed } from '../../network/dns-stream.ts'

/** A resolver of this computer. */
export interface Resolver {
  readonly address: string
  readonly port: number
}

/** Questions under way at once, of all guests. */
const MAX_WAITING = 256
/** Time for each resolver before the next is asked (resolv.conf(5) has 5 s). */
const RESOLVER_TIMEOUT_MS = 2_500

/** The resolvers in resolv.conf(5), at most three, as the C library takes them; none when it cannot be read. */
export function systemResolvers(path = '/etc/resolv.conf'): Resolver[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return [] // no such file: this computer asks nobody either
  }
  const addresses = [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map((match) => match[1] ?? '').filter((address) => isIP(address) !== 0)
  return addresses.slice(0, 3).map((address) => ({ address, port: 53 }))
}

/**
 * Asks this computer's resolvers, one after the other. Each question goes out from a port of its own under a number of its
 * own, both random (RFC 5452 §9), and only the resolver asked may answer. What came over TCP goes on over TCP; a resolver
 * that does not speak it is asked over UDP, for what fits there.
 */
export class ResolverUpstream implements DnsUpstream {
  readonly #resolvers: () => readonly Resolver[]
  #waiting = 0

  /** `resolvers` is asked for every question: a computer changes its network while guests run. */
  constructor(resolvers: () => readonly Resolver[]) {
    this.#resolvers = resolvers
  }

  ask(question: Uint8Array, transport: DnsTransport, answered: (reply: Uint8Array | null) => void): void {
    if (this.#waiting >= MAX_WAITING) return answered(null)
    this.#waiting++
    void this.#askAll(question, transport).then((reply) => {
      this.#waiting--
      answered(reply)
    })
  }

  async #askAll(question: Uint8Array, transport: DnsTransport): Promise<Uint8Array | null> {
    for (const resolver of this.#resolvers()) {
      const reply = transport === 'udp' ? await askOverUdp(question, resolver) : ((await askOverTcp(question, resolver)) ?? whole(await askOverUdp(question, resolver)))
      if (reply !== null) return reply
    }
    return null
  }
}

/** The question under a number of its own. */
function numbered(question: Uint8Array): { id: number; asked: Uint8Array } {
  const id = randomInt(0x1_0000)
  const asked = Uint8Array.from(question)
  asked.set([id >> 8, id & 0xff])
  return { id, asked }
}

/** The answer to the question of that number, under the number its asker gave it; null when the message is none. */
function answerTo(question: Uint8Array, id: number, message: Buffer): Uint8Array | null {
  if (message.length < 12 || message.readUInt16BE(0) !== id || (message.readUInt8(2) & 0x80) === 0) return null
  const reply = Uint8Array.from(message)
  reply.set(question.subarray(0, 2))
  return reply
}

/** A reply from which nothing was cut off (RFC 1035 §4.1.1, TC). */
function whole(reply: Uint8Array | null): Uint8Array | null {
  return reply === null || ((reply[2] ?? 0) & 2) !== 0 ? null : reply
}

function askOverUdp(question: Uint8Array, { address, port }: Resolver): Promise<Uint8Array | null> {
  return new Promise((resolve) => {
    const { id, asked } = numbered(question)
    const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4')
    const settle = (reply: Uint8Array | null) => {
      clearTimeout(timer)
      socket.removeAllListeners('message')
      socket.close()
      resolve(reply)
    }
    const timer = setTimeout(() => settle(null), RESOLVER_TIMEOUT_MS)
    socket.on('error', () => settle(null)) // nobody listens there, or there is no way to it
    socket.on('message', (message) => {
      const reply = answerTo(question, id, message)
      if (reply !== null) settle(reply)
    })
    socket.on('connect', () => socket.send(asked))
    socket.connect(port, address) // a callback would be called for a failure too, in place of 'error'
  })
}

/** RFC 7766 §8: length and message in one write; one question, then the connection is closed. */
function askOverTcp(question: Uint8Array, { address, port }: Resolver): Promise<Uint8Array | null> {
  return new Promise((resolve) => {
    const { id, asked } = numbered(question)
    const socket = connect({ host: address, port })
    let received = Buffer.alloc(0)
    const settle = (reply: Uint8Array | null) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(reply)
    }
    const timer = setTimeout(() => settle(null), RESOLVER_TIMEOUT_MS)
    socket.on('error', () => settle(null)) // nobody listens there, or there is no way to it
    socket.on('close', () => settle(null)) // without an answer, or after it: then this is heard no more
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return
      settle(answerTo(question, id, received.subarray(2, 2 + received.readUInt16BE(0))))
    })
    socket.write(framed(asked))
  })
}
