import { expect, it } from 'vitest'
import { GuestName, MacAddress, NetworkName } from '../../src/contract/names.ts'
import { networkWords } from './guest-networks.tsx'

const linux = GuestName.parse('linux')
const card = { guest: linux, mac: MacAddress.parse('52:54:00:d1:00:01'), dnsName: 'linux', ipv4: '10.78.0.24' }
const network = (name: string, on: boolean, ipv4: string | null = card.ipv4) => ({ name: NetworkName.parse(name), domain: name, subnet: 's', gateway: 'g', guests: on ? [{ ...card, ipv4 }] : [] })

it.each([
  [[network('stage', true), network('lab', false)], false, null],
  [[network('stage', true), network('lab', false)], true, 'Also on the internet.'],
  [[network('stage', true), network('lab', true)], false, 'Also on lab (10.78.0.24). The link’s settings hold on every private network.'],
  [[network('stage', true), network('lab', true), network('dmz', true, null)], true, 'Also on lab (10.78.0.24), dmz and the internet. The link’s settings hold on every private network.'],
  [[network('stage', false), network('lab', true, null)], false, 'On lab. The link’s settings hold on every private network.'],
  [[network('stage', false)], false, 'On no network.'],
])('says where a guest is', (networks, uplink, words) => {
  expect(networkWords(linux, networks, uplink)).toBe(words)
})
