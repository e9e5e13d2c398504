import { expect, it } from 'vitest'
import { networksFor } from './imported-cards.ts'

const any = () => true

it.each([
  ['one card, wherever it was', ['VM Network'], ['stage']],
  ['none', [], []],
  ['cards of several networks, by their names', ['NAT', 'Internal Net (DMZ)', 'VLAN 20'], ['stage', 'internal-net-dm', 'vlan-20']],
  ['two on one network: a guest has one card on each', ['bridged', 'bridged', 'bridged'], ['stage', 'bridged', 'bridged-2']],
  ['one of ours that comes back', ['lab', 'stage'], ['lab', 'stage']],
  ['no word on where they were, or no letter in it', ['', '', '10.0.0.1'], ['stage', 'network', 'network-2']],
])('%s', (_, connections, networks) => {
  expect(networksFor(connections, any)).toEqual(networks)
})

it('takes no more than a guest has, and no name that is denied', () => {
  expect(networksFor(Array.from({ length: 10 }, () => 'x'), any)).toHaveLength(8)
  expect(networksFor(['a', 'web'], (name) => name !== 'web')).toEqual(['stage', 'web-2'])
})
