import { decode, encode } from 'dns-packet'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { GuestName, MacAddress, stageNetwork } from '../../../src/contract/names.ts'
import { macAt, sameMac } from '../../../src/network/address.ts'
import { parseArp } from '../../../src/network/arp.ts'
import { u16, u8 } from '../../../src/network/bytes.ts'
import { SwitchFault, type SwitchClient, type SwitchEvent } from '../../../src/network/client.ts'
import { TAKEOVER_IDLE_MS } from '../../../src/network/fabric.ts'
import { GATEWAY_MAC_PARTS } from '../../../src/network/gateway.ts'
import { connectControl } from '../../../src/node/switch/control-client.ts'
import { runSwitch, type RunningSwitch } from '../../../src/node/switch/run-switch.ts'
import { portSocketPath } from '../../../src/node/switch/switch-record.ts'
import { until } from '../engine/fixture.ts'
import { address, arpRequest, echoRequest, Endpoint, isTestFrame, tcpFrame, testFrame, udpFrame, udpPayload, withLength } from './endpoint.ts'

const linux = { guest: GuestName.parse('linux'), mac: MacAddress.parse('52:54:00:d1:00:01') }
const windows = { guest: GuestName.parse('windows'), mac: MacAddress.parse('52:54:00:d1:00:02') }
const third = { guest: GuestName.parse('third'), mac: MacAddress.parse('52:54:00:d1:00:03') }
const gateway = address('10.77.0.1')

let directory = ''
let running: RunningSwitch
let client: SwitchClient
const endpoints: Endpoint[] = []

async function start(): Promise<void> {
  running = await runSwitch({ runtime: join(directory, 'run'), state: join(directory, 'state'), subnet: '10.77.0.0/24', domain: 'diptych.internal', log: () => {} })
  client = await connectControl(running.controlSocketPath)
}

/** Connects to the socket of a port that is defined; `mac` is what it then says it is. */
async function open(port: { guest: GuestName; mac: MacAddress }): Promise<Endpoint> {
  const endpoint = await Endpoint.open(portSocketPath(join(directory, 'run'), stageNetwork, port.guest), port.mac)
  endpoints.push(endpoint)
  return endpoint
}

/** A connected guest: its first frame is an ARP request for the gateway, and the answer proves it is bound. */
async function attach(port: { guest: GuestName; mac: MacAddress }): Promise<{ wire: Endpoint; ip: number }> {
  const lease = await client.definePort(port)
  const wire = await open(port)
  wire.send(arpRequest(wire.mac, address(lease.ipv4), gateway))
  await wire.receive((frame) => parseArp(frame.subarray(14))?.operation === 'reply')
  return { wire, ip: address(lease.ipv4) }
}

const meterOf = async (guest: GuestName) => (await client.ports()).find((port) => port.guest === guest)?.meter
const dropsOf = async (guest: GuestName) => (await client.statistics()).ports.find((port) => port.guest === guest)?.drops

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dsw-'))
  await start()
})
afterEach(async () => {
  vi.restoreAllMocks()
  for (const endpoint of endpoints.splice(0)) endpoint.close()
  client.dispose()
  await running.shutdown()
  rmSync(directory, { recursive: true, force: true })
})

describe('ports and connections', () => {
  it('gives each port a socket of its own, private, from its definition to its removal', async () => {
    const { socketPath } = await client.definePort(linux)
    expect(socketPath).toBe(join(directory, 'run/n/stage/linux'))
    expect(statSync(join(directory, 'run/n/stage')).mode & 0o777).toBe(0o700)
    const wire = await open(linux)
    await until('connected, though it has said nothing', async () => (await meterOf(linux.guest))?.connected === true)
    await client.definePort({ ...linux, mtu: 1_500 })
    expect(wire.closed).toBe(false)
    await client.removePort(linux.guest)
    await wire.waitClosed()
    await expect(open(linux)).rejects.toThrow()
  })

  it('lets nobody be another guest, not even one that has never said a word', async () => {
    await client.definePort(windows)
    const [hostile, honest] = [await attach(linux), await attach(third)]
    const silent = await open({ guest: linux.guest, mac: windows.mac })
    for (const wire of [hostile.wire, silent]) wire.send(testFrame(silent.mac, honest.wire.mac, 1), testFrame(silent.mac, { high: 0xffff, low: 0xffff_ffff }, 2))
    await until('all four were dropped', async () => (await dropsOf(linux.guest))?.['mac-spoof'] === 2 && (await client.statistics()).strays['unknown-source'] === 2)
    expect(honest.wire.frames.filter((frame) => u16(frame, 12) === 0x88b5)).toEqual([])
    expect((await meterOf(windows.guest))?.connected).toBe(false)
    // What is for the silent guest does not reach the one that would be it.
    honest.wire.send(testFrame(honest.wire.mac, silent.mac, 3), testFrame(honest.wire.mac, hostile.wire.mac, 4))
    await hostile.wire.receive(isTestFrame(4))
    expect([...hostile.wire.frames, ...silent.frames].some(isTestFrame(3))).toBe(false)
  })

  it('sends frames between guests, alone and flooded, and never back', async () => {
    const [a, b, c] = [await attach(linux), await attach(windows), await attach(third)]
    a.wire.send(testFrame(a.wire.mac, b.wire.mac, 1), testFrame(a.wire.mac, { high: 0xffff, low: 0xffff_ffff }, 2), testFrame(a.wire.mac, b.wire.mac, 3, 65_549))
    await b.wire.receive(isTestFrame(1))
    await b.wire.receive(isTestFrame(2))
    expect(await b.wire.receive(isTestFrame(3))).toHaveLength(65_549)
    await c.wire.receive(isTestFrame(2))
    expect([...a.wire.frames, ...c.wire.frames].filter((frame) => u16(frame, 12) === 0x88b5)).toEqual([])
  })

  it('drops frames from another MAC and another guest\'s address, and says so', async () => {
    const [a, b] = [await attach(linux), await attach(windows)]
    a.wire.send(testFrame(b.wire.mac, b.wire.mac, 1), arpRequest(a.wire.mac, b.ip, gateway), arpRequest(a.wire.mac, gateway, b.ip), testFrame(a.wire.mac, b.wire.mac, 2))
    await b.wire.receive(isTestFrame(2))
    expect(b.wire.frames.filter((frame) => u16(frame, 12) === 0x88b5 || parseArp(frame.subarray(14))?.senderIp === gateway)).toEqual([])
    expect(await dropsOf(linux.guest)).toMatchObject({ 'mac-spoof': 1, 'ip-spoof': 2 })
  })

  it('lets a guest come back on a new connection, and hears it leave', async () => {
    const events: SwitchEvent[] = []
    client.subscribe((event) => events.push(event))
    const first = await attach(linux)
    first.wire.close()
    await until('left', async () => (await meterOf(linux.guest))?.connected === false)
    const again = await attach(linux)
    expect(again.ip).toBe(first.ip)
    const told = () => events.filter((event) => event.type === 'port').map((event) => event.connected)
    await until('all three to be told', async () => told().length === 3) // by another connection than the frames'
    expect(told()).toEqual([true, false, true])
  })

  it('gives a port to a second connection only when the first is silent', async () => {
    // The switch's clock stands, so that no time passes between the two but what the test says. In whole milliseconds: sums and differences of them are exact.
    const begun = Math.ceil(performance.now())
    const clock = vi.spyOn(performance, 'now').mockReturnValue(begun)
    const first = await attach(linux)
    const second = await open(linux)
    second.send(testFrame(second.mac, { high: 0xffff, low: 0xffff_ffff }, 1))
    await until('refused', async () => (await client.statistics()).strays['unknown-source'] === 1)
    expect(first.wire.closed).toBe(false)
    clock.mockReturnValue(begun + TAKEOVER_IDLE_MS)
    second.send(arpRequest(second.mac, first.ip, gateway))
    await second.receive((frame) => parseArp(frame.subarray(14))?.operation === 'reply')
    await first.wire.waitClosed()
  })

  it('gives a port at once to the connection that waited when the first closes', async () => {
    const [first, other] = [await attach(linux), await attach(windows)]
    const second = await open(linux)
    second.send(testFrame(second.mac, other.wire.mac, 1))
    await until('refused', async () => (await client.statistics()).strays['unknown-source'] === 1)
    first.wire.close()
    await until('taken over', async () => (await client.statistics()).connections === 2 && (await meterOf(linux.guest))?.connected === true)
    // It hears frames before it has said anything more.
    other.wire.send(testFrame(other.wire.mac, second.mac, 2))
    await second.receive(isTestFrame(2))
  })

  it('counts runts and oversize frames and closes a connection out of step', async () => {
    const [a, b] = [await attach(linux), await attach(windows)]
    a.wire.socket.write(withLength(new Uint8Array(13)))
    a.wire.socket.write(withLength(new Uint8Array(65_550)))
    a.wire.send(testFrame(a.wire.mac, b.wire.mac, 1))
    await b.wire.receive(isTestFrame(1))
    expect(await dropsOf(linux.guest)).toMatchObject({ runt: 1, oversize: 1 })
    a.wire.socket.write(Uint8Array.of(0xff, 0xff, 0xff, 0xff))
    await a.wire.waitClosed()
    expect((await meterOf(linux.guest))?.connected).toBe(false)
  })

  it('keeps serving others while one guest does not read, with a bounded backlog', async () => {
    const [a, slow, b] = [await attach(linux), await attach(windows), await attach(third)]
    slow.wire.socket.pause()
    const flood = testFrame(a.wire.mac, slow.wire.mac, 9, 65_549)
    for (let round = 0; round < 300; round++) {
      a.wire.send(flood)
      if (a.wire.socket.writableNeedDrain) await new Promise<void>((resolve) => a.wire.socket.once('drain', () => resolve()))
    }
    a.wire.send(testFrame(a.wire.mac, b.wire.mac, 1))
    await b.wire.receive(isTestFrame(1))
    const statistics = (await client.statistics()).ports.find((port) => port.guest === windows.guest)
    expect(statistics?.drops['queue-full']).toBeGreaterThan(100)
    expect(statistics?.backlogBytes).toBeLessThan(4_400_000)
  })
})

describe('frames that wait', () => {
  it('reach a guest that reads late whole and in order, whatever was read meanwhile', async () => {
    const [a, slow] = [await attach(linux), await attach(windows)]
    slow.wire.socket.pause()
    const sizes = Array.from({ length: 400 }, (_, index) => [60, 1_514, 9_014, 65_549, 20_000][index % 5] ?? 60).filter((size, index) => size < 60_000 || index < 75)
    const sent = sizes.map((size, index) => testFrame(a.wire.mac, slow.wire.mac, index, size).fill((index * 7 + 1) & 0xff, 18))
    for (const frame of sent) {
      a.wire.send(frame)
      if (a.wire.socket.writableNeedDrain) await new Promise<void>((resolve) => a.wire.socket.once('drain', () => resolve()))
    }
    // Until the switch has taken them all in: bytes that wait there now lie in buffers others would like to read into.
    const introduction = 1 // the ARP request of a guest that is attached
    await until('all to be read', async () => ((await meterOf(linux.guest))?.txPackets ?? 0) >= introduction + sent.length)
    const drops = (await client.statistics()).ports.find((port) => port.guest === windows.guest)?.drops['queue-full']
    slow.wire.socket.resume()
    for (const [index, frame] of sent.entries()) expect(Buffer.compare(await slow.wire.receive(isTestFrame(index)), frame), `frame ${index}`).toBe(0)
    expect(drops).toBe(0)
  })
})

describe('gateway', () => {
  it('answers ping', async () => {
    const a = await attach(linux)
    a.wire.send(echoRequest(a.wire.mac, GATEWAY_MAC_PARTS, a.ip, gateway, 5))
    const reply = await a.wire.receive((frame) => u16(frame, 12) === 0x0800 && u8(frame, 23) === 1)
    expect(sameMac(macAt(reply, 6), GATEWAY_MAC_PARTS) && u8(reply, 34) === 0 && u8(reply, 41) === 5).toBe(true)
  })

  it.each([
    ['windows.diptych.internal', 'A', 'NOERROR', ['10.77.0.12']],
    ['WINDOWS.Diptych.Internal', 'A', 'NOERROR', ['10.77.0.12']],
    ['windows', 'A', 'NOERROR', ['10.77.0.12']],
    ['diptych.internal', 'A', 'NOERROR', ['10.77.0.1']],
    ['windows.diptych.internal', 'AAAA', 'NOERROR', []],
    ['windows.diptych.internal', 'UNKNOWN_65', 'NOERROR', []],
    ['12.0.77.10.in-addr.arpa', 'PTR', 'NOERROR', ['windows.diptych.internal']],
    ['nobody.diptych.internal', 'A', 'NXDOMAIN', []],
    ['a.windows.diptych.internal', 'A', 'NXDOMAIN', []],
    ['example.com', 'A', 'NXDOMAIN', []],
    ['99.0.77.10.in-addr.arpa', 'PTR', 'NXDOMAIN', []],
  ] as const)('answers %s %s with %s %j', async (name, type, code, data) => {
    const a = await attach(linux)
    await client.definePort(windows)
    const query = encode({ type: 'query', id: 77, flags: 256, questions: [{ name, type: type as 'A' }], additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 4096, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] }] })
    a.wire.send(udpFrame(a.wire.mac, GATEWAY_MAC_PARTS, a.ip, gateway, 4242, 53, query))
    const frame = await a.wire.receive((each) => udpPayload(each, a.wire.mac, 4242) !== null)
    const payload = udpPayload(frame, a.wire.mac, 4242)
    const reply = decode(Buffer.from(payload ?? []))
    expect({ id: reply.id, rcode: (reply as { rcode?: string }).rcode, name: reply.questions?.[0]?.name, data: reply.answers?.map((answer) => ('data' in answer ? answer.data : null)) }).toEqual({ id: 77, rcode: code, name, data })
    expect(reply.additionals?.map((each) => each.type)).toEqual(['OPT'])
  })
})

describe('a hostile guest', () => {
  /** A DHCP discover with a hardware address of the sender's invention. */
  const discover = (number: number) => {
    const message = new Uint8Array(244)
    message.set([1, 1, 6, 0])
    message.set([2, 0, 0, 0, number >> 8, number & 255], 28)
    message.set([0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255], 236)
    return message
  }

  it('cannot use up addresses, drown the gateway, flood everybody, or hide behind a VLAN tag', async () => {
    const [hostile, honest] = [await attach(linux), await attach(windows)]
    const everybody = { high: 0xffff, low: 0xffff_ffff }
    const send = async (frames: Uint8Array[]) => {
      hostile.wire.send(...frames)
      if (hostile.wire.socket.writableNeedDrain) await new Promise<void>((resolve) => hostile.wire.socket.once('drain', () => resolve()))
    }
    await send(Array.from({ length: 500 }, (_, number) => udpFrame(hostile.wire.mac, everybody, 0, 0xffff_ffff, 68, 67, discover(number))))
    const query = encode({ type: 'query', id: 1, flags: 256, questions: [{ name: 'windows.diptych.internal', type: 'A' }] })
    const queries = Array.from({ length: 4_000 }, () => udpFrame(hostile.wire.mac, GATEWAY_MAC_PARTS, hostile.ip, gateway, 999, 53, query))
    const broadcasts = Array.from({ length: 9_000 }, (_, number) => testFrame(hostile.wire.mac, everybody, number))
    // More than the limits, however slowly this machine sends today.
    await until('limits reached', async () => {
      await send(queries)
      await send(broadcasts)
      const drops = await dropsOf(linux.guest)
      return (drops?.['gateway-busy'] ?? 0) > 0 && (drops?.storm ?? 0) > 0
    })
    const tagged = arpRequest(hostile.wire.mac, honest.ip, gateway)
    await send([Uint8Array.from([...tagged.slice(0, 12), 0x81, 0, 0, 0, ...tagged.slice(12)])])
    await until('all was read', async () => (await dropsOf(linux.guest))?.['ip-spoof'] === 1)
    const drops = await dropsOf(linux.guest)
    expect(drops).toMatchObject({ 'gateway-refused': 500 })
    // The other guest: its address is still its own, and its own budget of the gateway is untouched.
    honest.wire.send(echoRequest(honest.wire.mac, GATEWAY_MAC_PARTS, honest.ip, gateway, 9))
    await honest.wire.receive((frame) => u16(frame, 12) === 0x0800 && u8(frame, 23) === 1)
    expect(Object.entries((await dropsOf(windows.guest)) ?? { unknown: 1 }).filter(([, count]) => count > 0)).toEqual([])
    expect((await client.definePort(third)).ipv4).toBe('10.77.0.13')
  })

  it('cannot crowd others out of the HTTP log', async () => {
    const [hostile, honest, server] = [await attach(linux), await attach(windows), await attach(third)]
    const request = (from: typeof honest, port: number, path: string) => tcpFrame(from.wire.mac, server.wire.mac, from.ip, server.ip, [port, 80], 1, 0x18, `GET ${path} HTTP/1.1\r\n\r\n`)
    honest.wire.send(request(honest, 40_000, '/early'))
    await server.wire.receive((frame) => u16(frame, 12) === 0x0800)
    // More connections than are followed at once.
    hostile.wire.send(...Array.from({ length: 3_000 }, (_, port) => request(hostile, port, '/flood')))
    await until('all was read', async () => ((await meterOf(linux.guest))?.txPackets ?? 0) >= 3_000)
    server.wire.send(tcpFrame(server.wire.mac, honest.wire.mac, server.ip, honest.ip, [80, 40_000], 7, 0x18, 'HTTP/1.1 204 No\r\n\r\n'))
    await honest.wire.receive((frame) => u16(frame, 12) === 0x0800)
    expect((await client.requests(1))[0]).toMatchObject({ from: 'windows', to: 'third', path: '/early', status: 204 })
    const { ports } = await client.statistics()
    const counted = (guest: GuestName) => ports.find((port) => port.guest === guest)
    expect(counted(linux.guest)?.httpDisplaced).toBeGreaterThanOrEqual(3_000 - 2_048)
    expect(counted(windows.guest)).toMatchObject({ httpDisplaced: 0, httpSampledOut: 0 })
  })
})

describe('link', () => {
  it('cuts and restores both directions', async () => {
    const [a, b] = [await attach(linux), await attach(windows)]
    expect(await client.setLink(linux.guest, { up: false })).toMatchObject({ up: false, bitsPerSecond: null })
    a.wire.send(testFrame(a.wire.mac, b.wire.mac, 1))
    b.wire.send(testFrame(b.wire.mac, a.wire.mac, 2))
    await until('both dropped', async () => (await dropsOf(linux.guest))?.['link-down'] === 2)
    await client.setLink(linux.guest, { up: true })
    a.wire.send(testFrame(a.wire.mac, b.wire.mac, 3))
    b.wire.send(testFrame(b.wire.mac, a.wire.mac, 4))
    await b.wire.receive(isTestFrame(3))
    await a.wire.receive(isTestFrame(4))
    expect(a.wire.frames.some(isTestFrame(2)) || b.wire.frames.some(isTestFrame(1))).toBe(false)
  })

  it.each(['tx', 'rx'] as const)('holds %s to its rate', async (direction) => {
    const [a, b] = [await attach(linux), await attach(windows)]
    const rate = 8_000_000
    await client.setLink(direction === 'tx' ? linux.guest : windows.guest, { [direction]: { bitsPerSecond: rate } })
    const frames = 160
    const begun = performance.now()
    a.wire.send(...Array.from({ length: frames }, (_, index) => testFrame(a.wire.mac, b.wire.mac, index, 1_500)))
    await b.wire.receive(isTestFrame(frames - 1))
    // Never faster than the rate; how much slower depends on who else uses this machine.
    expect(performance.now() - begun).toBeGreaterThanOrEqual((frames * 1_500 * 8 * 1_000) / rate - 5)
    expect(b.wire.frames.filter((frame) => u16(frame, 12) === 0x88b5)).toHaveLength(frames - 1)
    expect(await client.setLink(direction === 'tx' ? linux.guest : windows.guest, { bitsPerSecond: null })).toMatchObject({ bitsPerSecond: null })
  })
})

describe('meters and HTTP log', () => {
  it('counts what passed, and gives rates', async () => {
    const meters: SwitchEvent[] = []
    client.subscribe((event) => event.type === 'meters' && meters.push(event))
    const [a, b] = [await attach(linux), await attach(windows)]
    const before = { tx: await meterOf(linux.guest), rx: await meterOf(windows.guest) }
    a.wire.send(...Array.from({ length: 50 }, (_, index) => testFrame(a.wire.mac, b.wire.mac, index, 1_000)))
    await b.wire.receive(isTestFrame(49))
    const after = { tx: await meterOf(linux.guest), rx: await meterOf(windows.guest) }
    expect((after.tx?.txBytes ?? 0) - (before.tx?.txBytes ?? 0)).toBe(50_000)
    expect((after.rx?.rxPackets ?? 0) - (before.rx?.rxPackets ?? 0)).toBe(50)
    await until('a rate', async () => meters.some((event) => event.type === 'meters' && event.meters.some((meter) => meter.guest === 'linux' && meter.txBitsPerSecond > 0)))
  })

  it('logs a request with names, status and bytes', async () => {
    const [a, b] = [await attach(linux), await attach(windows)]
    const lines: SwitchEvent[] = []
    client.subscribe((event) => event.type === 'request' && lines.push(event))
    const body = 'x'.repeat(1_000)
    a.wire.send(tcpFrame(a.wire.mac, b.wire.mac, a.ip, b.ip, [40_000, 80], 1, 0x18, 'GET /clock?x=1 HTTP/1.1\r\nHost: windows.diptych.internal\r\n\r\n'))
    await b.wire.receive((frame) => u16(frame, 12) === 0x0800)
    b.wire.send(tcpFrame(b.wire.mac, a.wire.mac, b.ip, a.ip, [80, 40_000], 7, 0x18, `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`))
    await a.wire.receive((frame) => u16(frame, 12) === 0x0800)
    await until('a line', async () => lines.length === 1)
    const expected = { from: 'linux', to: 'windows', fromAddress: '10.77.0.11', method: 'GET', host: 'windows.diptych.internal', path: '/clock?x=1', status: 200, bytes: 1_000 }
    expect(await client.requests(10)).toMatchObject([expected])
  })
})

describe('control socket', () => {
  it('refuses what cannot be, by code', async () => {
    const code = (promise: Promise<unknown>) => promise.then(() => 'done', (error: unknown) => (error instanceof SwitchFault ? error.code : String(error)))
    await client.definePort(linux)
    expect(await code(client.definePort({ guest: windows.guest, mac: linux.mac }))).toBe('in-use')
    expect(await code(client.definePort({ guest: windows.guest, mac: MacAddress.parse('02:d1:97:7c:00:01') }))).toBe('in-use')
    expect(await code(client.definePort({ ...windows, mtu: 70_000 }))).toBe('bad-request')
    expect(await code(client.setLink(windows.guest, { up: false }))).toBe('not-found')
    expect(await code(client.removePort(windows.guest))).toBe('not-found')
    expect(await code(client.setLink(linux.guest, { bitsPerSecond: 1 }))).toBe('bad-request')
    expect(await client.ports()).toHaveLength(1)
  })

  it('keeps addresses over a restart, and never overwrites a file it cannot read', async () => {
    await client.definePort(windows)
    const lease = await client.definePort(linux)
    const gone = new Promise<SwitchEvent>((resolve) => client.subscribe((event) => event.type === 'closed' && resolve(event)))
    await client.shutdown()
    expect(await gone).toMatchObject({ type: 'closed' })
    await running.ended
    await start()
    expect(await client.definePort(linux)).toEqual(lease)
    await running.shutdown()
    const path = join(directory, 'state/leases.json')
    writeFileSync(path, '{"version": 7')
    await expect(start()).rejects.toThrow('leases.json cannot be read')
    expect(readFileSync(path, 'utf8')).toBe('{"version": 7')
  })

  it('refuses to run twice on one directory', async () => {
    await expect(runSwitch({ runtime: join(directory, 'run'), state: join(directory, 'state2'), subnet: '10.77.0.0/24', domain: 'diptych.internal', log: () => {} })).rejects.toThrow('another process serves')
    expect(await client.ports()).toEqual([])
  })
})
