import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GuestName, MacAddress, NetworkName, stageNetwork } from '../../../src/contract/names.ts'
import type { SwitchClient } from '../../../src/network/client.ts'
import { connectControl } from '../../../src/node/switch/control-client.ts'
import { openRawChannel } from '../../../src/node/switch/raw-channel.ts'
import { runSwitch, type RunningSwitch } from '../../../src/node/switch/run-switch.ts'
import { NamespaceGuest, namespacesMissing } from './namespace-guest.ts'

const missing = namespacesMissing('curl', 'ping')
const lab = NetworkName.parse('lab')
const named = (name: string, number: number) => ({ guest: GuestName.parse(name), mac: MacAddress.parse(`52:54:00:d1:00:0${number}`) })
const [linux, windows, both] = [named('linux', 1), named('windows', 2), named('both', 3)]

let directory = ''
let running: RunningSwitch
let client: SwitchClient
const guests: NamespaceGuest[] = []

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dsw-'))
  running = await runSwitch({ runtime: join(directory, 'run'), state: join(directory, 'state'), subnet: '10.77.0.0/24', domain: 'diptych.internal', log: () => {} })
  client = await connectControl(running.controlSocketPath)
})
afterEach(async () => {
  for (const guest of guests.splice(0)) guest.close()
  client.dispose()
  await running.shutdown()
  rmSync(directory, { recursive: true, force: true })
})

/** A namespace with one card, numbered by hand. */
async function open(port: typeof linux, network = stageNetwork): Promise<NamespaceGuest> {
  const { socketPath: socket, ipv4 } = await client.definePort({ ...port, network, mtu: 1_500 })
  const guest = await NamespaceGuest.open({ name: port.guest, socket, mac: port.mac, resolver: ipv4.replace(/\d+$/, '1'), domain: 'diptych.internal' })
  guests.push(guest)
  await guest.run('ip', 'addr', 'add', `${ipv4}/24`, 'dev', 'eth0')
  return guest
}

describe.skipIf(missing !== null)(`through Linux network stacks${missing === null ? '' : ` (${missing})`}`, () => {
  it('a guest on two networks reaches both by name; those on one do not reach the other', async () => {
    await client.createNetwork(lab, '10.78.0.0/24')
    const [a, b, c] = [await open(linux), await open(windows, lab), await open(both)]
    const second = { ...both, network: lab, mac: MacAddress.parse('52:54:00:d1:01:03') }
    const lease = await client.definePort({ ...second, mtu: 1_500 })
    await c.plug({ socket: lease.socketPath, mac: second.mac, device: 'eth1' })
    await c.run('ip', 'addr', 'add', `${lease.ipv4}/24`, 'dev', 'eth1')
    // With -w ping goes on until it is answered; where no answer may come, a second is enough.
    const received = async (guest: NamespaceGuest, to: string) => (await guest.run('ping', '-4', '-c', '1', '-w', '60', to)).stdout.includes('1 received')
    const unanswered = async (guest: NamespaceGuest, to: string) => (await guest.run('ping', '-4', '-c', '1', '-W', '1', to)).stdout.includes('0 received')
    for (const name of ['linux', 'linux.diptych.internal', 'windows', 'windows.lab.diptych.internal']) expect(await received(c, name), name).toBe(true)
    // Their own stacks would forward nothing, so the others are given a route as well: it leads to a guest that does not pass it on.
    await a.run('ip', 'route', 'add', '10.78.0.0/24', 'dev', 'eth0')
    await b.run('ip', 'route', 'add', '10.77.0.0/24', 'dev', 'eth0')
    expect([await unanswered(a, '10.78.0.12'), await unanswered(b, '10.77.0.11'), await unanswered(a, '10.78.0.1')]).toEqual([true, true, true])
    expect((await a.run('getent', 'hosts', 'windows.lab.diptych.internal')).status).not.toBe(0)
    expect([await received(a, 'both'), await received(b, 'both.lab.diptych.internal')]).toEqual([true, true])
  })

  it.each([
    ['long', { latencyMs: 300 }, 3_000_000],
    ['long and lossy', { latencyMs: 25, loss: 0.02 }, 600_000],
  ] as const)('the host reads a page whole over a %s link', async (_, conditions, size) => {
    const a = await open(linux)
    const content = Buffer.from(Array.from({ length: size }, (__, index) => (index * 7 + (index >> 8)) & 0xff))
    writeFileSync(join(directory, 'page'), content)
    a.start('python3', '-m', 'http.server', '80', '--directory', directory)
    expect((await a.run('curl', '-sS', '-o', '/dev/null', '--retry', '200', '--retry-connrefused', '--retry-delay', '1', 'http://127.0.0.1/page')).status).toBe(0)
    await client.setLink(linux.guest, { tx: conditions, rx: { latencyMs: conditions.latencyMs } })
    const channel = await openRawChannel(join(directory, 'run'), 'dial', { guest: linux.guest, port: 80 })
    const begun = performance.now()
    channel.write('GET /page HTTP/1.0\r\n\r\n')
    const chunks: Buffer[] = []
    for await (const chunk of channel) if (Buffer.isBuffer(chunk)) chunks.push(chunk)
    const seconds = (performance.now() - begun) / 1_000
    const answer = Buffer.concat(chunks)
    expect(Buffer.compare(answer.subarray(answer.indexOf('\r\n\r\n') + 4), content)).toBe(0)
    // 64 KiB a round trip of 600 ms, the most without window scaling, would have taken 27 s; it takes a fifth, and slow machines more.
    if (!('loss' in conditions)) expect(seconds).toBeLessThan((size / 65_536) * 0.6)
    else expect((await client.statistics()).ports[0]?.drops.loss).toBeGreaterThan(0)
  })
})
