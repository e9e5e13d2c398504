import { describe, expect, it } from 'vitest'
import { switchOptions } from '../../test/fake/switch-options.ts'
import { GuestName, MacAddress } from '../contract/names.ts'
import { BROADCAST, macParts, parseIpv4 } from './address.ts'
import { encodeArp } from './arp.ts'
import { concat, putU32 } from './bytes.ts'
import { Ingress } from './ingress.ts'
import { ETHERTYPE, ethernet, ipv4, PROTOCOL, udp } from './packet.ts'
import { VirtualSwitch } from './virtual-switch.ts'

/** A switch with an honest guest, which tells what it heard, and a hostile one. */
function network() {
  const made = new VirtualSwitch(switchOptions())
  const heard: Uint8Array[] = []
  const [honest, hostile] = ['honest', 'hostile'].map((text, index) => {
    const mac = MacAddress.parse(`52:54:00:d1:00:0${index + 1}`)
    const guest = GuestName.parse(text)
    const reply = made.definePort({ guest, mac, mtu: 1_500, pinned: true, bootUrl: null, uplink: false })
    if ('error' in reply) throw new Error(reply.error.message)
    const ingress = new Ingress(made.fabric, guest, { backlogBytes: 0, pause: () => {}, resume: () => {}, close: () => {}, send: (frame) => void (index === 0 && heard.push(frame.slice(4))) })
    const address = parseIpv4(reply.port.ipv4)
    if (address === null) throw new Error('no address')
    return { guest, mac: macParts(mac), address, ingress }
  })
  if (honest === undefined || hostile === undefined) throw new Error('there are two')
  const send = (frame: Uint8Array) => {
    const length = new Uint8Array(4)
    putU32(length, 0, frame.length)
    hostile.ingress.push(concat(length, frame))
  }
  const drops = () => Object.fromEntries(Object.entries(made.fabric.ports.get(hostile.guest)?.drops ?? {}).filter(([, count]) => count > 0))
  return { honest, hostile, heard, send, drops }
}

const vlan = Uint8Array.of(0x81, 0, 0, 0)
const provider = Uint8Array.of(0x88, 0xa8, 0, 0)
const behind = (frame: Uint8Array, ...tags: Uint8Array[]) => concat(frame.subarray(0, 12), ...tags, frame.subarray(12))

describe('what a guest may not send', () => {
  it.each([
    ['a VLAN tag', [vlan]],
    ['a provider’s tag', [provider]],
    ['one tag behind another', [provider, vlan]],
    ['many tags', [vlan, vlan, vlan, provider, vlan]],
  ])('is found behind %s', (_, tags) => {
    const { honest, hostile, heard, send, drops } = network()
    const arp = encodeArp({ operation: 'reply', senderMac: hostile.mac, senderIp: honest.address, targetMac: honest.mac, targetIp: honest.address })
    send(behind(ethernet(BROADCAST, hostile.mac, ETHERTYPE.arp, arp), ...tags))
    send(behind(ethernet(honest.mac, hostile.mac, ETHERTYPE.ipv4, ipv4(honest.address, honest.address, PROTOCOL.udp, new Uint8Array(8))), ...tags))
    expect([heard.length, drops()]).toEqual([0, { 'ip-spoof': 2 }])
    send(behind(ethernet(honest.mac, hostile.mac, ETHERTYPE.ipv4, ipv4(hostile.address, honest.address, PROTOCOL.udp, new Uint8Array(8))), ...tags))
    expect(heard).toHaveLength(1)
  })

  it('bears a frame of nothing but tags', () => {
    const { hostile, heard, send } = network()
    for (const bytes of [0, 1, 2, 3, 4, 65_520]) send(ethernet(BROADCAST, hostile.mac, ETHERTYPE.vlan, concat(Uint8Array.of(0, 0), ...Array.from({ length: bytes / 4 }, () => vlan))))
    expect(heard).toHaveLength(6)
  })

  it('is an answer of DHCP: the gateway alone is asked', () => {
    const { honest, hostile, heard, send, drops } = network()
    const frame = (from: number, to: number) => ethernet(BROADCAST, hostile.mac, ETHERTYPE.ipv4, ipv4(hostile.address, 0xffff_ffff, PROTOCOL.udp, udp(hostile.address, honest.address, from, to, new Uint8Array(300))))
    send(frame(67, 68))
    send(behind(frame(67, 68), vlan))
    expect([heard.length, drops()]).toEqual([0, { 'role-spoof': 2 }])
    send(frame(68, 68))
    send(frame(67, 67))
    expect(heard).toHaveLength(2)
  })
})
