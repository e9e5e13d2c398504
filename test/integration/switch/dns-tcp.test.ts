import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GuestName, MacAddress } from '../../../src/contract/names.ts'
import type { SwitchClient } from '../../../src/network/client.ts'
import { connectControl } from '../../../src/node/switch/control-client.ts'
import { runSwitch, type RunningSwitch } from '../../../src/node/switch/run-switch.ts'
import { FakeResolver } from '../../fake/dns-resolver.ts'
import { until } from '../engine/fixture.ts'
import { NamespaceGuest, namespacesMissing } from './namespace-guest.ts'

const linux = { guest: GuestName.parse('linux'), mac: MacAddress.parse('52:54:00:d1:00:01') }
const windows = { guest: GuestName.parse('windows'), mac: MacAddress.parse('52:54:00:d1:00:02') }
const missing = namespacesMissing('dig', 'getent')
const GATEWAY6 = 'fd12:3456:789a::1'

let directory = ''
let running: RunningSwitch
let client: SwitchClient
let world: FakeResolver
let guest: NamespaceGuest | null = null

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dsw-'))
  mkdirSync(join(directory, 'state'), { mode: 0o700 })
  writeFileSync(join(directory, 'state', 'leases.json'), JSON.stringify({ version: 1, leases: [], globalId: '123456789a' }))
  world = await (await new FakeResolver().serveTcp()).serveUdp(0x380)
  running = await runSwitch({ runtime: join(directory, 'run'), state: join(directory, 'state'), subnet: '10.77.0.0/24', domain: 'diptych.internal', resolvers: [world], log: () => {} })
  client = await connectControl(running.controlSocketPath)
  await client.definePort(windows)
})
afterEach(async () => {
  guest?.close()
  guest = null
  client.dispose()
  await running.shutdown()
  world.close()
  rmSync(directory, { recursive: true, force: true })
})

async function open(more: { uplink?: boolean } = {}): Promise<NamespaceGuest> {
  const { socketPath: socket } = await client.definePort({ ...linux, mtu: 1_500, ...more })
  guest = await NamespaceGuest.open({ name: linux.guest, socket, mac: linux.mac, resolver: '10.77.0.1', domain: 'diptych.internal' })
  await guest.run('ip', 'addr', 'add', '10.77.0.11/24', 'dev', 'eth0')
  return guest
}

/** Patient: a machine under load answers late. */
const dig = async (from: NamespaceGuest, ...args: string[]) => (await from.run('dig', '+time=60', '+tries=2', ...args)).stdout.trim()

describe.skipIf(missing !== null)(`DNS over TCP${missing === null ? '' : ` (${missing})`}`, () => {
  it('answers dig, one question or several on a connection, also on a link that loses', async () => {
    const a = await open()
    expect(await dig(a, '+tcp', '+short', '@10.77.0.1', 'windows.diptych.internal')).toBe('10.77.0.12')
    expect(await dig(a, '+tcp', '@10.77.0.1', 'nobody.diptych.internal')).toMatch(/status: NXDOMAIN[^]*SERVER: 10\.77\.0\.1#53\(10\.77\.0\.1\) \(TCP\)/)
    await client.setLink(linux.guest, { rx: { loss: 0.05 }, tx: { loss: 0.05 } })
    const names = Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? 'windows.diptych.internal' : 'linux.diptych.internal'))
    expect((await dig(a, '+tcp', '+keepopen', '+short', '@10.77.0.1', ...names)).split('\n')).toEqual(names.map((name) => (name.startsWith('w') ? '10.77.0.12' : '10.77.0.11')))
  })

  it('answers the C library, which asks for both families at once on one connection', async () => {
    const a = await open()
    expect((await a.run('env', 'RES_OPTIONS=use-vc', 'getent', 'ahosts', 'windows')).stdout).toContain('10.77.0.12')
    expect((await a.run('env', 'RES_OPTIONS=use-vc', 'getent', 'hosts', '10.77.0.12')).stdout).toContain('windows.diptych.internal')
  })

  it('answers over IPv6', async () => {
    const a = await open()
    await until('an IPv6 address', async () => (await a.run('ip', '-6', 'addr', 'show', 'dev', 'eth0', 'scope', 'global', '-tentative')).stdout.includes('fd12:'))
    expect(await dig(a, '+tcp', '+short', `@${GATEWAY6}`, 'windows.diptych.internal')).toBe('10.77.0.12')
  })

  it('brings a long answer of the world, for which a client over UDP comes again', async () => {
    const a = await open({ uplink: true })
    const said = await dig(a, '@10.77.0.1', 'large.example.com')
    expect(said).toContain('Truncated, retrying in TCP mode')
    expect(said).toContain('ANSWER: 200')
    expect(said.match(/192\.0\.2\.\d+$/gm)).toHaveLength(200)
    expect([...new Set(world.asked)]).toEqual(['udp large.example.com', 'tcp large.example.com'])
    expect(await dig(a, '+tcp', '+short', '@10.77.0.1', 'nobody.internal')).toBe('')
    expect(world.asked.some((each) => each.includes('internal'))).toBe(false)
  })
})
