import { decode, encode, streamDecode, streamEncode, type Answer } from 'dns-packet'
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { createServer, type AddressInfo } from 'node:net'

const ADDRESSES = 200
/** Too much for a datagram. */
const answersFor = (name: string): Answer[] => Array.from({ length: ADDRESSES }, (_, index) => ({ type: 'A', name, ttl: 60, data: `192.0.2.${index}` }))

/** A resolver on a loopback address of its own, where every name has 200 addresses. */
export class FakeResolver {
  readonly address = `127.${randomInt(1, 255)}.${randomInt(255)}.${randomInt(1, 255)}`
  port = 0
  /** Names in the order they were asked, and how. */
  readonly asked: string[] = []
  readonly #closing: (() => void)[] = []

  /** Over UDP: no addresses, and these flags; 0x380 has TC, which says that all are to be had over TCP. */
  async serveUdp(flags: number): Promise<this> {
    const socket = createSocket('udp4')
    this.#closing.push(() => socket.close())
    socket.on('message', (message, from) => {
      const { id, questions } = decode(message)
      this.asked.push(`udp ${questions?.[0]?.name ?? ''}`)
      socket.send(encode({ type: 'response', id: id ?? 0, flags, questions: questions ?? [], answers: [] }), from.port, from.address)
    })
    await new Promise<void>((done) => socket.bind(this.port, this.address, done))
    this.port = socket.address().port
    return this
  }

  /** Over TCP: so many bytes at a time, under a number that is off by `idOff`. */
  async serveTcp({ pieceBytes = 1_000, idOff = 0 } = {}): Promise<this> {
    const server = createServer((socket) => {
      socket.on('error', () => {}) // it asks once and goes
      socket.on('data', (data) => {
        const { id, questions } = streamDecode(data)
        const name = questions?.[0]?.name ?? ''
        this.asked.push(`tcp ${name}`)
        const reply = streamEncode({ type: 'response', id: ((id ?? 0) + idOff) & 0xffff, flags: 0x180, questions: questions ?? [], answers: answersFor(name) })
        for (let at = 0; at < reply.length; at += pieceBytes) socket.write(reply.subarray(at, at + pieceBytes))
      })
    })
    this.#closing.push(() => server.close())
    await new Promise<void>((done) => server.listen(this.port, this.address, done))
    this.port = (server.address() as AddressInfo).port // a server that listens on TCP has one
    return this
  }

  close(): void {
    for (const close of this.#closing.splice(0)) close()
  }
}
