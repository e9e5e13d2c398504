import { decode, encode } from 'dns-packet'
import { afterEach, expect, it } from 'vitest'
import { FakeResolver } from '../../../test/fake/dns-resolver.ts'
import type { DnsTransport } from '../../network/dns-responder.ts'
import { ResolverUpstream, type Resolver } from './dns-upstream.ts'

const resolvers: FakeResolver[] = []
afterEach(() => {
  for (const resolver of resolvers.splice(0)) resolver.close()
})

function resolver(): FakeResolver {
  const made = new FakeResolver()
  resolvers.push(made)
  return made
}

const question = encode({ type: 'query', id: 7, flags: 0x100, questions: [{ name: 'large.example.com', type: 'A' }] })
const ask = (from: readonly Resolver[], transport: DnsTransport) => new Promise<Uint8Array | null>((resolve) => new ResolverUpstream(() => from).ask(question, transport, resolve))
const read = (reply: Uint8Array | null) => decode(Buffer.from(reply ?? []))

it('answers nothing, and goes on, when a resolver cannot be reached at all', async () => {
  // Connecting to the broadcast address is refused at once (EACCES), as an address without a route is (ENETUNREACH).
  const nowhere = [{ address: '255.255.255.255', port: 53 }]
  expect([await ask(nowhere, 'udp'), await ask(nowhere, 'udp'), await ask(nowhere, 'tcp')]).toEqual([null, null, null])
})

it.each([1, 1_000, 100_000])('reads an answer that is longer than a datagram over TCP, %i bytes at a time', async (pieceBytes) => {
  const packet = read(await ask([await resolver().serveTcp({ pieceBytes })], 'tcp'))
  expect([packet.id, packet.answers?.length]).toEqual([7, 200])
})

it('takes no answer to another question', async () => {
  expect(await ask([await resolver().serveTcp({ idOff: 1 })], 'tcp')).toBeNull()
})

it('asks a resolver that speaks no TCP over UDP, and passes on what is whole', async () => {
  const [cut, fits] = [await resolver().serveUdp(0x380), await resolver().serveUdp(0x180)]
  expect(read(await ask([cut, fits], 'tcp'))).toMatchObject({ id: 7, flag_tc: false })
  expect(await ask([cut], 'tcp')).toBeNull()
  expect(read(await ask([cut], 'udp'))).toMatchObject({ id: 7, flag_tc: true })
})
