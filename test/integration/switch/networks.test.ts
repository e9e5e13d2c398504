import { decode, encode } from 'dns-packet'
import { createSocket, type Socket } from 'node:dgram'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GuestName, MacAddress, NetworkName, stageNetwork } from '../../../src/contract/names.ts'
import { BROADCAST } from '../../../src/network/address.ts'
import { parseArp } from '../../../src/network/arp.ts'
import { u16 } from '../../../src/network/bytes.ts'
import { SwitchFault, type SwitchClient } from '../../../src/network/client.ts'
import { GATEWAY_MAC_PARTS } from '../../../src/network/gateway.ts'
import { connectControl } from '../../../src/node/switch/control-client.ts'
import { runSwitch, type RunningSwitch } from '../../../src/node/switch/run-switch.ts'
import { address, arpRequest, Endpoint, isTestFrame, testFrame, udpFrame, udpPayload } from './endpoint.ts'

const lab = NetworkName.parse('lab')
const named = (name: string, number: number) => ({ guest: GuestName.parse(name), mac: MacAddress.parse(`52:54:00:d1:00:0${number}`) })
const [linux, windows, both] = [named('linux', 1), named('windows', 2), named('both', 3)]

let directory = ''
let running: RunningSwitch
let client: SwitchClient
let resolver: Socket
const endpoints: Endpoint[] = []
const asked: string[] = []

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dsw-'))
  asked.length = 0
  resolver = createSocket('udp4')
  resolver.on('message', (message, from) => {
    const question = decode(message)
    asked.push(question.questions?.[0]?.name ?? '')
    resolver.send(encode({ type: 'response', id: question.id ?? 0, flags: 0x180, questions: question.questions ?? [], answers: [{ type: 'A', name: asked.at(-1) ?? '', ttl: 60, data: '192.0.2.7' }] }), from.port, from.address)
  })
  await new Promise<void>((done) => resolver.bind(0, '127.0.0.1', done))
  await start()
})
afterEach(async () => {
  for (const endpoint of endpoints.splice(0)) endpoint.close()
  client.dispose()
  await running.shutdown()
  resolver.close()
  rmSync(directory, { recursive: true, force: true })
})

async function start(): Promise<void> {
  // Nothing listens at the first address: the second resolver is asked in its place.
  const resolvers = [{ address: '127.0.0.1', port: 1 }, { address: '127.0.0.1', port: resolver.address().port }]
  running = await runSwitch({ runtime: join(directory, 'run'), state: join(directory, 'state'), subnet: '10.77.0.0/24', domain: 'diptych.internal', resolvers, log: () => {} })
  client = await connectControl(running.controlSocketPath)
}

interface Card {
  readonly wire: Endpoint
  readonly ip: number
  readonly gateway: number
}

async function attach(port: { guest: GuestName; mac: MacAddress }, network = stageNetwork, more: { uplink?: boolean } = {}): Promise<Card> {
  const lease = await client.definePort({ ...port, network, ...more })
  const wire = await Endpoint.open(lease.socketPath, port.mac)
  endpoints.push(wire)
  const info = (await client.networks()).find((each) => each.name === network)
  const card = { wire, ip: address(lease.ipv4), gateway: address(info?.gateway ?? '') }
  wire.send(arpRequest(wire.mac, card.ip, card.gateway))
  await wire.receive((frame) => parseArp(frame.subarray(14))?.operation === 'reply')
  return card
}

async function resolve({ wire, ip, gateway }: Card, name: string): Promise<{ code: string | undefined; data: unknown[] }> {
  wire.send(udpFrame(wire.mac, GATEWAY_MAC_PARTS, ip, gateway, 4_242, 53, encode({ type: 'query', id: 4_711, flags: 256, questions: [{ name, type: 'A' }] })))
  const frame = await wire.receive((each) => udpPayload(each, wire.mac, 4_242) !== null)
  const reply = decode(Buffer.from(udpPayload(frame, wire.mac, 4_242) ?? []))
  expect(reply.id).toBe(4_711)
  return { code: (reply as { rcode?: string }).rcode, data: (reply.answers ?? []).map((answer) => ('data' in answer ? answer.data : null)) }
}

const codeOf = (promise: Promise<unknown>) => promise.then(() => 'done', (error: unknown) => (error instanceof SwitchFault ? error.code : String(error)))

describe('several networks', () => {
  it('no frame crosses: not to a known address, not to everybody, not through a guest on both', async () => {
    await client.createNetwork(lab, '10.78.0.0/24')
    const [a, b] = [await attach(linux), await attach(windows, lab)]
    const [left, right] = [await attach(both), await attach(both, lab)]
    for (const to of [b.wire.mac, BROADCAST, { high: 0x3333, low: 1 }, { high: 0x0200, low: 77 }]) a.wire.send(testFrame(a.wire.mac, to, 1))
    a.wire.send(arpRequest(a.wire.mac, a.ip, b.ip), arpRequest(a.wire.mac, a.ip, b.gateway), testFrame(a.wire.mac, left.wire.mac, 2))
    await left.wire.receive(isTestFrame(2)) // what came before it has been through the switch
    right.wire.send(testFrame(right.wire.mac, BROADCAST, 3), testFrame(right.wire.mac, b.wire.mac, 4))
    await b.wire.receive(isTestFrame(4))
    expect(b.wire.frames.filter((frame) => isTestFrame(1)(frame) || parseArp(frame.subarray(14))?.senderIp === a.ip)).toEqual([])
    expect(right.wire.frames.filter((frame) => u16(frame, 12) === 0x88b5)).toEqual([])
    expect(a.wire.frames.filter((frame) => u16(frame, 12) === 0x88b5 || parseArp(frame.subarray(14))?.senderIp === b.gateway)).toEqual([])
  })

  it('a guest on both is told the names of both, whichever gateway it asks; others those of their own', async () => {
    await client.createNetwork(lab, '10.78.0.0/24')
    const [a, b] = [await attach(linux), await attach(windows, lab)]
    const cards = [await attach(both), await attach(both, lab)]
    for (const card of cards) {
      expect(await resolve(card, 'linux.diptych.internal')).toEqual({ code: 'NOERROR', data: ['10.77.0.11'] })
      expect(await resolve(card, 'windows.lab.diptych.internal')).toEqual({ code: 'NOERROR', data: ['10.78.0.12'] })
      expect(await resolve(card, 'windows')).toEqual({ code: 'NOERROR', data: ['10.78.0.12'] })
    }
    expect(await resolve(a, 'windows.lab.diptych.internal')).toEqual({ code: 'NXDOMAIN', data: [] })
    expect(await resolve(a, 'windows')).toEqual({ code: 'NXDOMAIN', data: [] })
    expect(await resolve(a, 'lab.diptych.internal')).toEqual({ code: 'NXDOMAIN', data: [] })
    expect(await resolve(b, 'linux.diptych.internal')).toEqual({ code: 'NXDOMAIN', data: [] })
    expect(await resolve(b, 'lab.diptych.internal')).toEqual({ code: 'NOERROR', data: ['10.78.0.1'] })
  })

  it('are made and removed while the switch runs, each with leases of its own', async () => {
    expect(await codeOf(client.definePort({ ...windows, network: lab }))).toBe('not-found')
    expect(await client.createNetwork(lab, '10.78.0.0/24')).toEqual({ name: 'lab', domain: 'lab.diptych.internal', subnet: '10.78.0.0/24', gateway: '10.78.0.1' })
    expect(await codeOf(client.createNetwork(lab, '10.78.0.0/24'))).toBe('done')
    expect(await codeOf(client.createNetwork(lab, '10.79.0.0/24'))).toBe('in-use')
    expect(await codeOf(client.createNetwork(NetworkName.parse('other'), '10.77.0.128/25'))).toBe('in-use')
    expect(await codeOf(client.createNetwork(NetworkName.parse('other'), '8.8.8.0/24'))).toBe('bad-request')
    const lease = await client.definePort({ ...windows, network: lab })
    // The same MAC on two networks is two cards.
    expect(await codeOf(client.definePort({ ...linux, mac: windows.mac }))).toBe('done')
    expect((await client.ports()).map((port) => [port.network, port.guest, port.ipv4])).toEqual([['stage', 'linux', '10.77.0.12'], ['lab', 'windows', '10.78.0.12']])
    expect(await codeOf(client.removeNetwork(lab))).toBe('in-use')
    expect(await codeOf(client.removeNetwork(stageNetwork))).toBe('in-use')
    await client.removePort(windows.guest, lab)
    await client.removeNetwork(lab)
    expect((await client.networks()).map((network) => network.name)).toEqual(['stage'])
    await client.createNetwork(lab, '10.78.0.0/24')
    expect((await client.definePort({ ...windows, network: lab })).ipv4).toBe(lease.ipv4)
    expect(existsSync(join(directory, 'state/leases-lab.json'))).toBe(true)
  })

  it('are refused, and the switch goes on, when their file of leases is not one', async () => {
    mkdirSync(join(directory, 'state', 'leases-lab.json'))
    await expect(client.createNetwork(lab, '10.78.0.0/24')).rejects.toThrow(/EISDIR/)
    expect((await client.networks()).map(({ name }) => name)).toEqual(['stage'])
  })

  it('have links and meters of their own', async () => {
    await client.createNetwork(lab, '10.78.0.0/24')
    const [left, right, b] = [await attach(both), await attach(both, lab), await attach(windows, lab)]
    await client.setLink(both.guest, { up: false }, lab)
    right.wire.send(testFrame(right.wire.mac, b.wire.mac, 1))
    left.wire.send(arpRequest(left.wire.mac, left.ip, left.gateway))
    await left.wire.receive((frame) => parseArp(frame.subarray(14))?.operation === 'reply')
    await expect.poll(async () => (await client.statistics()).ports.find((port) => port.network === lab && port.guest === both.guest)?.drops['link-down'], { timeout: 300_000 }).toBe(1)
    expect((await client.ports()).map((port) => [port.network, port.guest, port.meter.linkUp, port.meter.network])).toEqual([['stage', 'both', true, 'stage'], ['lab', 'both', false, 'lab'], ['lab', 'windows', true, 'lab']])
  })
})

describe('names of the world', () => {
  it('are asked of this computer\'s resolvers for a guest with an uplink, and of nobody for others', async () => {
    const [out, inside] = [await attach(linux, stageNetwork, { uplink: true }), await attach(windows)]
    expect(await resolve(out, 'www.example.com')).toEqual({ code: 'NOERROR', data: ['192.0.2.7'] })
    expect(await resolve(inside, 'www.example.com')).toEqual({ code: 'NXDOMAIN', data: [] })
    expect([...new Set(asked)]).toEqual(['www.example.com']) // on a slow machine perhaps asked again
  })

  it('never include our own, or those of private addresses', async () => {
    const out = await attach(linux, stageNetwork, { uplink: true })
    expect(await resolve(out, 'linux.diptych.internal')).toEqual({ code: 'NOERROR', data: ['10.77.0.11'] })
    for (const name of ['nobody.diptych.internal', 'nobody', 'x.lab.diptych.internal', 'printer.internal', '5.0.168.192.in-addr.arpa', '1.16.172.in-addr.arpa', `1.${'0.'.repeat(29)}d.f.ip6.arpa`]) {
      expect((await resolve(out, name)).code, name).toBe('NXDOMAIN')
    }
    expect(asked).toEqual([])
    expect((await resolve(out, '8.8.8.8.in-addr.arpa')).code).toBe('NOERROR')
    expect([...new Set(asked)]).toEqual(['8.8.8.8.in-addr.arpa'])
  })

  it('fail in words when nobody answers', async () => {
    const out = await attach(linux, stageNetwork, { uplink: true })
    resolver.removeAllListeners('message')
    expect(await resolve(out, 'www.example.com')).toEqual({ code: 'SERVFAIL', data: [] })
  })
})
