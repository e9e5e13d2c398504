import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GuestName, MacAddress } from '../../../src/contract/names.ts'
import type { SwitchClient } from '../../../src/network/client.ts'
import { connectControl } from '../../../src/node/switch/control-client.ts'
import { runSwitch, type RunningSwitch } from '../../../src/node/switch/run-switch.ts'
import { until } from '../engine/fixture.ts'
import { NamespaceGuest, namespacesMissing } from './namespace-guest.ts'

const linux = { guest: GuestName.parse('linux'), mac: MacAddress.parse('52:54:00:d1:00:01') }
const windows = { guest: GuestName.parse('windows'), mac: MacAddress.parse('52:54:00:d1:00:02') }
const missing = namespacesMissing('curl', 'ping')
const dhcpcdMissing = namespacesMissing('dhcpcd')
const PREFIX = 'fd12:3456:789a:'
const LINUX = `${PREFIX}0:5054:ff:fed1:1`
const WINDOWS = `${PREFIX}0:5054:ff:fed1:2`

let directory = ''
let running: RunningSwitch
let client: SwitchClient
const guests: NamespaceGuest[] = []

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dsw-'))
  mkdirSync(join(directory, 'state'), { mode: 0o700 })
  writeFileSync(join(directory, 'state', 'leases.json'), JSON.stringify({ version: 1, leases: [], globalId: '123456789a' }))
  running = await runSwitch({ runtime: join(directory, 'run'), state: join(directory, 'state'), subnet: '10.77.0.0/24', domain: 'diptych.internal', log: () => {} })
  client = await connectControl(running.controlSocketPath)
})
afterEach(async () => {
  for (const guest of guests.splice(0)) guest.close()
  client.dispose()
  await running.shutdown()
  rmSync(directory, { recursive: true, force: true })
})

async function open(port: typeof linux): Promise<NamespaceGuest> {
  const { socketPath: socket } = await client.definePort({ ...port, mtu: 1_500 })
  const guest = await NamespaceGuest.open({ name: port.guest, socket, mac: port.mac, resolver: `${PREFIX}:1`, domain: 'diptych.internal' })
  guests.push(guest)
  return guest
}

/** Waits until the kernel has made its address from the advertisement and found it to be free. */
function addressed(guest: NamespaceGuest, address: string): Promise<string> {
  return until(`${address} of ${guest.name}`, async () => {
    const shown = (await guest.run('ip', '-6', 'addr', 'show', 'dev', 'eth0', 'scope', 'global', '-tentative')).stdout
    return shown.includes(address) && shown
  })
}

describe.skipIf(missing !== null)(`guests with IPv6 alone${missing === null ? '' : ` (${missing})`}`, () => {
  it('get an address and reach each other and the gateway by name', async () => {
    const [a, b] = [await open(linux), await open(windows)]
    expect(await addressed(a, LINUX)).toContain('/64')
    await addressed(b, WINDOWS)
    expect((await a.run('ip', '-6', 'route', 'show', 'default')).stdout).toBe('')
    expect((await a.run('ping', '-6', '-c', '2', '-w', '60', `${PREFIX}:1`)).stdout).toContain('2 received')
    // The resolver is asked over IPv6: these namespaces have no IPv4 address at all.
    expect((await a.run('ping', '-6', '-c', '1', '-w', '60', 'windows')).stdout).toContain('1 received')
    expect((await b.run('getent', 'ahostsv6', 'linux.diptych.internal')).stdout).toContain(LINUX)
    expect((await b.run('getent', 'hosts', LINUX)).stdout).toContain('linux.diptych.internal')
    expect((await a.run('getent', 'ahostsv6', 'diptych.internal')).stdout).toContain(`${PREFIX}:1`)
    const status = await a.run('curl', '-sS', 'http://diptych.internal/')
    expect(status.stdout).toContain(`You are <b>linux</b> (${LINUX})`)
    expect(status.stdout).toContain(WINDOWS)
    const root = join(directory, 'www')
    mkdirSync(root)
    writeFileSync(join(root, 'index.html'), '<h1>six</h1>')
    b.start('python3', '-m', 'http.server', '80', '--bind', '::', '--directory', root)
    const page = await a.run('curl', '-6', '-sS', '--retry', '200', '--retry-connrefused', '--retry-delay', '1', 'http://windows.diptych.internal/')
    expect(page.stdout).toBe('<h1>six</h1>')
    expect((await client.requests(10)).filter((line) => line.status !== null)).toMatchObject([{ from: 'linux', to: 'windows', fromAddress: LINUX, method: 'GET', host: 'windows.diptych.internal', path: '/', status: 200, bytes: 12 }])
  })

  it('cannot pass for one another', async () => {
    const [a, b] = [await open(linux), await open(windows)]
    await addressed(a, LINUX)
    await addressed(b, WINDOWS)
    await b.run('ip', '-6', 'addr', 'add', `${LINUX}/64`, 'dev', 'eth0', 'nodad')
    expect((await b.run('ping', '-6', '-c', '2', '-i', '0.2', '-W', '1', '-I', LINUX, `${PREFIX}:1`)).stdout).toContain('0 received')
    expect((await client.statistics()).ports.find((port) => port.guest === windows.guest)?.drops['ip-spoof']).toBeGreaterThan(0)
    expect((await a.run('ping', '-6', '-c', '1', '-w', '60', `${PREFIX}:1`)).stdout).toContain('1 received')
  })
})

describe.skipIf((missing ?? dhcpcdMissing) !== null)(`dhcpcd${(missing ?? dhcpcdMissing) === null ? '' : ` (${missing ?? dhcpcdMissing})`}`, () => {
  it('gets an IPv4 lease, and prefix, resolver and search list from the advertisement', async () => {
    const a = await open(linux)
    const report = join(directory, 'dhcpcd.txt')
    const script = join(directory, 'report.sh')
    writeFileSync(script, `#!/bin/sh\nenv | sed "s/^/$reason /" >> ${report}\n`, { mode: 0o755 })
    writeFileSync(join(directory, 'dhcpcd.conf'), `script ${script}\noption domain_name_servers, domain_name, domain_search, host_name, interface_mtu\nrequire dhcp_server_identifier\nslaac hwaddr\nnoarp\n`)
    a.start('dhcpcd', '-B', '-f', join(directory, 'dhcpcd.conf'), 'eth0')
    const complete = (said: string) => /^(BOUND|REBOOT) new_ip_address=/m.test(said) && /^ROUTERADVERT nd1_rdnss/m.test(said) && said.endsWith('\n')
    const said = await until('a lease and an advertisement', async () => {
      const told = (await a.run('cat', report)).stdout
      return complete(told) && told
    })
    expect(said).toContain('new_ip_address=10.77.0.11')
    expect(said).toContain('new_domain_name_servers=10.77.0.1')
    expect(said).toMatch(/new_domain_search=diptych\.internal\.?\n/)
    expect(said).toContain('new_host_name=linux')
    expect(said).toMatch(new RegExp(`nd1_rdnss\\w*=${PREFIX}:1\n`))
    expect(said).toMatch(/nd1_dnssl\w*=diptych\.internal\.?\n/)
    expect((await client.ports())[0]?.bound).toBe(true)
    expect(JSON.parse(readFileSync(join(directory, 'state', 'leases.json'), 'utf8'))).toMatchObject({ globalId: '123456789a' })
  })
})
