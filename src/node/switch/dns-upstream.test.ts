import { expect, it } from 'vitest'
import { UdpDnsUpstream } from './dns-upstream.ts'

it('answers nothing, and goes on, when a resolver cannot be reached at all', async () => {
  // Connecting to the broadcast address is refused at once (EACCES), as an address without a route is (ENETUNREACH).
  const upstream = new UdpDnsUpstream(() => [{ address: '255.255.255.255', port: 53 }])
  const ask = () => new Promise((resolve) => upstream.ask(new Uint8Array(20), resolve))
  expect([await ask(), await ask()]).toEqual([null, null])
})
