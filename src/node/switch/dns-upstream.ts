import { createSocket } from 'node:dgram'
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { DnsUpstream } from '../../network/dns-responder.ts'

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
 * Asks this computer's resolvers over UDP, one after the other. Each question goes out from a port of its own under a
 * number of its own, both random (RFC 5452 §9), and only the resolver asked may answer.
 */
export class UdpDnsUpstream implements DnsUpstream {
  readonly #resolvers: () => readonly Resolver[]
  #waiting = 0

  /** `resolvers` is asked for every question: a computer changes its network while guests run. */
  constructor(resolvers: () => readonly Resolver[]) {
    this.#resolvers = resolvers
  }

  ask(question: Uint8Array, answered: (reply: Uint8Array | null) => void): void {
    if (this.#waiting >= MAX_WAITING) return answered(null)
    this.#waiting++
    void this.#askAll(question).then((reply) => {
      this.#waiting--
      answered(reply)
    })
  }

  async #askAll(question: Uint8Array): Promise<Uint8Array | null> {
    for (const resolver of this.#resolvers()) {
      const reply = await askOne(question, resolver)
      if (reply !== null) return reply
    }
    return null
  }
}

function askOne(question: Uint8Array, { address, port }: Resolver): Promise<Uint8Array | null> {
  return new Promise((resolve) => {
    const id = randomInt(0x1_0000)
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
      if (message.length < 12 || message.readUInt16BE(0) !== id || (message.readUInt8(2) & 0x80) === 0) return
      const reply = Uint8Array.from(message)
      reply.set(question.subarray(0, 2))
      settle(reply)
    })
    socket.on('connect', () => {
      const asked = Uint8Array.from(question)
      asked.set([id >> 8, id & 0xff])
      socket.send(asked)
    })
    socket.connect(port, address) // a callback would be called for a failure too, in place of 'error'
  })
}
