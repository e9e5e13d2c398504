import { expect, it } from 'vitest'
import { GuestName, MacAddress, NetworkName } from '../contract/names.ts'
import { cardsOf, firstCard, uplinkMac } from './cards.ts'

const [stage, lab] = [NetworkName.parse('stage'), NetworkName.parse('lab')]
const guest = { uuid: '6e1f2d70-0000-4000-8000-000000000001', mac: MacAddress.parse('52:54:00:d1:00:01') }
const clone = { uuid: '6e1f2d70-0000-4000-8000-000000000009', mac: MacAddress.parse('52:54:00:d1:00:09') }

it('a guest is on the stage unless it says otherwise', () => {
  expect(cardsOf(guest)).toEqual([{ network: stage, mac: guest.mac }])
  expect(cardsOf({ ...guest, networks: [] })).toEqual([])
})

it('a card has the same MAC in every run, another on every network, and another in a clone', () => {
  const networks = [lab, stage]
  const [first, second] = cardsOf({ ...guest, networks })
  expect(second).toEqual({ network: stage, mac: guest.mac })
  expect(cardsOf({ ...guest, networks: [lab] })).toEqual([first])
  const macs = [guest, clone].flatMap((each) => [...cardsOf({ ...each, networks }).map((card) => card.mac), uplinkMac(each)])
  expect(new Set(macs).size).toBe(6)
})

it('a MAC that is written down is taken', () => {
  const mac = MacAddress.parse('52:54:00:00:00:77')
  expect(cardsOf({ ...guest, networks: [{ name: lab, mac }] })).toEqual([{ network: lab, mac }])
})

it('a guest is known by its first card', () => {
  const named = { ...guest, name: GuestName.parse('linux') }
  expect(firstCard(named)).toEqual({ mac: guest.mac, dnsName: 'linux.diptych.internal' })
  expect(firstCard({ ...named, networks: [lab, stage] })).toMatchObject({ dnsName: 'linux.lab.diptych.internal' })
  expect(firstCard({ ...named, networks: [] })).toEqual({ mac: guest.mac, dnsName: 'linux' })
})

it('a card that is not virtio is told the length of its frames', () => {
  const mtus = (change: Partial<Parameters<typeof cardsOf>[0]>) => cardsOf({ ...guest, ...change }).map(({ mtu }) => mtu)
  expect(mtus({ profile: 'linux-modern' })).toEqual([undefined])
  expect(mtus({ profile: 'legacy' })).toEqual([1500])
  expect(mtus({ profile: 'windows-modern' })).toEqual([1500])
  expect(mtus({ profile: 'windows-modern', driverDisc: '/virtio-win.iso' })).toEqual([undefined])
})
