import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GuestName, MacAddress } from '../../../src/contract/names.ts'
import type { SwitchClient } from '../../../src/network/client.ts'
import { connectControl } from '../../../src/node/switch/control-client.ts'
import { runSwitch, type RunningSwitch } from '../../../src/node/switch/run-switch.ts'
import { NamespaceGuest, namespacesMissing } from './namespace-guest.ts'

const missing = namespacesMissing() ?? (existsSync('/lib/systemd/systemd-networkd') ? null : 'needs systemd-networkd')
const linux = { guest: GuestName.parse('linux'), mac: MacAddress.parse('52:54:00:d1:00:01') }

let directory = ''
let running: RunningSwitch
let client: SwitchClient
let guest: NamespaceGuest | null = null

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dsw-'))
  mkdirSync(join(directory, 'state'), { mode: 0o700 })
  writeFileSync(join(directory, 'state', 'leases.json'), JSON.stringify({ version: 1, leases: [], globalId: '123456789a' }))
  running = await runSwitch({ runtime: join(directory, 'run'), state: join(directory, 'state'), subnet: '10.77.0.0/24', domain: 'diptych.internal', log: () => {} })
  client = await connectControl(running.controlSocketPath)
})
afterEach(async () => {
  guest?.close()
  client.dispose()
  await running.shutdown()
  rmSync(directory, { recursive: true, force: true })
})

describe.skipIf(missing !== null)(`systemd-networkd${missing === null ? '' : ` (${missing})`}`, () => {
  it('takes lease, prefix, both resolvers, search list and MTU, and finds no way out', async () => {
    const { socketPath } = await client.definePort(linux)
    guest = await NamespaceGuest.open({ name: linux.guest, socket: socketPath, mac: linux.mac, resolver: '10.77.0.1', domain: 'diptych.internal' })
    const settings = join(directory, 'eth0.network')
    writeFileSync(settings, '[Match]\nName=eth0\n[Network]\nDHCP=ipv4\nIPv6AcceptRA=yes\n[DHCPv4]\nUseDomains=yes\nUseMTU=yes\n[IPv6AcceptRA]\nUseDomains=yes\n')
    const said = (await guest.run('sh', join(import.meta.dirname, 'networkd.sh'), settings)).stdout
    expect(said).toContain('inet 10.77.0.11/24')
    expect(said).toContain('inet6 fd12:3456:789a:0:5054:ff:fed1:1/64')
    expect(said).toMatch(/^DNS=10\.77\.0\.1 fd12:3456:789a::1$/m)
    expect(said).toMatch(/^DOMAINS=diptych\.internal( diptych\.internal)*$/m)
    expect(said).toMatch(/^SERVER_ADDRESS=10\.77\.0\.1$/m)
    expect(said).toMatch(/^HOSTNAME=linux$/m)
    expect(said).toMatch(/^MTU=65520$/m)
    expect(said).toMatch(/^mtu=65520$/m)
    expect(said).not.toContain('default')
    expect(said).not.toContain('ROUTER=')
    expect((await client.ports())[0]?.bound).toBe(true)
  })
})
