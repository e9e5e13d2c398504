import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Connection } from '../../src/contract/connection.ts'
import type { LinkShapeChange } from '../../src/contract/link.ts'
import { NetworkName, stageNetwork } from '../../src/contract/names.ts'
import { hostParty } from '../../src/contract/web.ts'
import { identify, signalProcess, waitGone } from '../../src/node/process/process-identity.ts'
import { TestHome, inGuest, linux, until, windows } from '../support/diptych.ts'

/** The network as a person uses it, on real parts: two guests, the switch, the host, the CLI. */
const home = new TestHome()
let connection: Connection

beforeAll(async () => {
  const up = await home.run('up')
  if (up.exitCode !== 0) throw new Error(`diptych up ended with ${up.exitCode}: ${up.stderr}`)
  await home.serve()
  connection = await home.connect()
  await until(async () => (await connection.client.guest.list()).filter((guest) => guest.view.agent === 'live').length === 2, 'both agents to answer')
  await bothPages()
})
afterAll(async () => {
  connection.close()
  await home.dispose()
})

const bothPages = () => until(async () => (await connection.client.web.probe({})).filter((probe) => probe.status === 200).length === 2, 'both pages to open')

const shape = (link: LinkShapeChange) => connection.client.guest.set({ name: linux, change: { link } })

/** How long linux takes to open the page of windows. */
async function probeMs(): Promise<number> {
  const [probe] = await connection.client.web.probe({ from: linux, to: windows, timeoutMs: 60_000 })
  expect(probe?.status).toBe(200)
  return probe?.milliseconds ?? Number.NaN
}

describe('a shaped link', () => {
  it('delays each exchange by what was asked, and not when it is taken off', async () => {
    // DNS, TCP's handshake and the request are a round trip each of 600 ms; the close is not waited for. A busy machine only adds to that.
    const leastMs = 3 * 600 - 50
    await until(async () => (await probeMs()) < leastMs, 'a probe that is quicker')
    const answer = await shape({ both: { latencyMs: 300 } })
    expect(answer.guest.view.network.link).toMatchObject({ effective: { tx: { latencyMs: 300 }, rx: { latencyMs: 300 } }, preset: null })
    for (let count = 0; count < 3; count += 1) expect(await probeMs()).toBeGreaterThanOrEqual(leastMs)
    await shape({ preset: 'unshaped' })
    await until(async () => (await probeMs()) < leastMs, 'a probe that is quicker again')
  })

  it('takes a preset and remembers it in the definition', async () => {
    const { exitCode, stderr } = await home.run('set', 'linux', 'link.preset=booth-wifi')
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('booth-wifi')])
    await until(() => readFileSync(join(home.directory, 'data', 'guests', 'linux', 'guest.yaml'), 'utf8').includes('loss: 0.05'), 'the definition to be written')
    expect((await connection.client.guest.get({ name: linux })).view.network.link.preset).toBe('booth-wifi')
  })

  it('loses what was asked and says why', async () => {
    await shape({ preset: 'unshaped', both: { loss: 0.5 } })
    await until(async () => {
      await connection.client.web.probe({ from: linux, to: windows, timeoutMs: 2_000 })
      const { statistics } = await connection.client.network.get()
      return (statistics?.ports.find((port) => port.guest === linux)?.drops['loss'] ?? 0) > 0
    }, 'frames to be lost')
    await shape({ preset: 'unshaped' })
    expect((await home.run('info', 'linux')).stdout).toMatch(/dropped +.*\d+ lost as its link was asked to \(loss\)/)
  })

  it('cuts, refuses an unknown preset, and is whole again', async () => {
    await shape({ preset: 'offline' })
    const [cut] = await connection.client.web.probe({ from: linux, to: windows, timeoutMs: 2_000 })
    expect(cut?.status).toBe(0)
    const refused = await home.run('set', 'linux', 'link.preset=carrier-pigeon')
    expect(refused.exitCode).toBe(4)
    expect(refused.stderr).toContain('booth-wifi')
    await shape({ preset: 'unshaped' })
    await bothPages()
  })
})

describe('web access', () => {
  it('is asked in every direction, the host included', async () => {
    let matrix = await connection.client.web.matrix({})
    await until(async () => (matrix = await connection.client.web.matrix({})).cells.filter(({ probe }) => probe?.status === 200).length === 6, 'every page to open in time')
    const { cells, parties } = matrix
    expect(parties.map((party) => party.name)).toEqual([linux, windows, hostParty])
    expect(cells.map((cell) => `${cell.from}>${cell.to} ${cell.probe?.status} ${cell.probe?.evidence}`)).toEqual([
      'linux>windows 200 agent', 'linux>host 200 agent', 'windows>linux 200 agent', 'windows>host 200 agent', 'host>linux 200 host', 'host>windows 200 host',
    ])
    for (const { to, probe } of cells) expect(probe?.title).toContain(to === hostParty ? 'diptych' : to)
  })

  it('shows the evidence of a direction', async () => {
    const evidence = await connection.client.web.evidence({ from: linux, to: windows })
    expect(evidence.requestLine).toBe('GET / HTTP/1.1')
    expect(evidence.headers.join('\n')).toMatch(/server: Diptych-Win32/i)
    expect(evidence.body).toContain('<title>')
    expect(Buffer.from(evidence.screenshot?.png ?? '', 'base64').subarray(1, 4).toString()).toBe('PNG')
  })

  it('has an exit code and a report for CI', async () => {
    const report = join(home.directory, 'web.xml')
    const right = await home.run('web', '--from', 'linux', '--to', 'windows', '--expect', '200', '--junit', report)
    expect(right.exitCode).toBe(0)
    expect(readFileSync(report, 'utf8')).toContain('tests="1" failures="0"')
    const wrong = await home.run('web', 'windows', 'linux', '--path', '/there-is-no-such-page', '--json')
    expect(wrong.exitCode).toBe(1)
    expect(JSON.parse(wrong.stdout)).toMatchObject([{ status: 404, method: 'diptych-guest' }])
  })

  it('falls back to what was seen on the wire when the guest cannot be asked', async () => {
    await connection.client.guest.pause({ name: windows })
    await connection.client.guest.resume({ name: windows })
    await connection.client.guest.exec({ name: windows, path: '/bin/sh', args: ['-c', 'mv /usr/local/bin/diptych-guest /usr/local/bin/hidden'] })
    const [probe] = await connection.client.web.probe({ from: windows, to: linux })
    await connection.client.guest.exec({ name: windows, path: '/bin/sh', args: ['-c', 'mv /usr/local/bin/hidden /usr/local/bin/diptych-guest'] })
    // Its browser reloads the page every three seconds.
    expect(probe).toMatchObject({ status: 200, evidence: 'wire', method: null })
  })
})

describe('publishing', () => {
  it('gives the guest a URL that the host opens, through a slow link too, and withdraws it with the guest', async () => {
    const { url, hostPort } = await connection.client.network.publish({ guest: linux })
    expect(url).toBe(`http://linux.localhost:${hostPort}/`)
    const nonce = await inGuest(connection, linux, 'nonce')
    const open = async () => (await fetch(`http://127.0.0.1:${hostPort}/nonce`)).text()
    expect((await open()).trim()).toBe(nonce)
    await shape({ both: { loss: 0.1, latencyMs: 20 } })
    expect((await open()).trim()).toBe(nonce)
    await shape({ preset: 'unshaped' })
    expect((await connection.client.network.publish({ guest: linux })).hostPort).toBe(hostPort)
    await connection.client.guest.stop({ name: linux, mode: 'force' })
    await until(async () => (await connection.client.network.publications()).length === 0, 'the publication to be withdrawn')
    await expect(open()).rejects.toThrow()
  })
})

describe('capturing', () => {
  it('writes files tshark opens without a complaint, by the host and by the CLI', async () => {
    const capture = await connection.client.network.startCapture({ guest: windows })
    const path = join(home.directory, 'windows.pcapng')
    const capturing = { now: true }
    const command = home.run('capture', 'windows', '--file', path, '--seconds', '6').finally(() => (capturing.now = false))
    while (capturing.now) await connection.client.web.probe({ from: windows, to: hostParty }) // traffic whenever the command begins to listen
    expect((await command).exitCode).toBe(0)
    await until(async () => ((await connection.client.network.captures())[0]?.bytes ?? 0) > 0, 'the size of the running capture')
    const stopped = await connection.client.network.stopCapture({ id: capture.id })
    expect(stopped.packets).toBeGreaterThan(5)
    expect(stopped.bytes).toBe(statSync(capture.path).size)
    expect((await home.run('capture', 'nobody', '--seconds', '2')).exitCode).toBe(3)
    if (!existsSync('/usr/bin/tshark')) return
    for (const file of [capture.path, path]) {
      const summary = execFileSync('/usr/bin/tshark', ['-r', file, '-T', 'fields', '-e', 'frame.number'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
      expect(summary.trim().split('\n').length).toBeGreaterThan(3)
    }
  })
})

describe('a second network and a way out', () => {
  const lab = NetworkName.parse('lab')
  const shell = async (name: typeof linux, script: string) => (await connection.client.guest.exec({ name, path: '/bin/sh', args: ['-c', script], timeoutMs: 120_000 })).stdout.trim()
  const reaches = (address: string) =>
    shell(linux, `ping -c 1 -W 2 ${address} >/dev/null && echo yes`).then(
      (answer) => answer === 'yes',
      () => false,
    )
  const labAddress = async (name: typeof linux) => (await connection.client.network.list()).find((network) => network.name === lab)?.guests.find((each) => each.guest === name)?.ipv4 ?? null

  it('are plugged into running guests: each card finds its place, and only the uplink leads out', async () => {
    if ((await connection.client.guest.get({ name: linux })).view.state !== 'running') await connection.client.guest.start({ name: linux })
    await until(async () => (await connection.client.guest.get({ name: linux })).view.agent === 'live', 'the agent to answer')
    const made = await home.run('network', 'create', 'lab', '--json')
    expect(JSON.parse(made.stdout)).toMatchObject({ name: 'lab', subnet: '10.78.0.0/24', domain: 'lab.diptych.internal', guests: [] })
    expect((await connection.client.network.connect({ guest: linux, network: lab })).applies).toBe('now')
    expect((await connection.client.network.connect({ guest: windows, network: lab })).applies).toBe('now')
    expect(await home.run('network', 'uplink', 'linux', 'on')).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('linux has an uplink.') as string })
    const server = createServer((_request, response) => response.end('from the host')).listen(0, '127.0.0.1')
    try {
      await until(async () => (await labAddress(linux)) !== null && (await labAddress(windows)) !== null, 'addresses on the second network')
      // Each card asks for its address by itself.
      for (const name of [linux, windows]) await until(async () => (await shell(name, 'ip -4 -o addr show dev eth1')).includes(`inet ${await labAddress(name)}/24`), `${name} to have it`)
      await until(async () => (await shell(linux, 'ip route | grep ^default')) !== '', 'a way out')
      await until(async () => (await shell(linux, 'grep -c nameserver /etc/resolv.conf')) === '3', 'every card\'s resolver')
      expect(await shell(linux, 'ip route | grep ^default')).toMatch(/^default via 10\.0\.2\.2 dev eth2/)
      expect(await shell(linux, 'cat /etc/resolv.conf')).toMatch(/^search diptych\.internal lab\.diptych\.internal ?\nnameserver 10\.77\.0\.1\nnameserver 10\.78\.0\.1\nnameserver 10\.0\.2\.3\n/)
      const { port } = server.address() as AddressInfo
      expect(await shell(linux, `wget -q -O - http://10.0.2.2:${port}/`)).toBe('from the host')
      expect(await shell(windows, 'ip route | grep ^default')).toBe('')
      await until(() => reaches('windows.lab.diptych.internal'), 'windows on the second network')
      expect((await connection.client.network.get()).ports.filter((each) => each.guest === linux).map((each) => [each.network, each.connected])).toEqual([['stage', true], ['lab', true]])
    } finally {
      server.close()
    }
  })

  it('outlive the host and a switch that is killed', async () => {
    const before = await labAddress(linux)
    connection.close()
    await home.crash()
    await home.serve()
    connection = await home.connect()
    expect(before).not.toBeNull()
    await until(async () => (await labAddress(linux)) !== null, 'the networks to be read back')
    expect(await labAddress(linux)).toBe(before)
    const { pid } = JSON.parse(readFileSync(join(home.directory, 'run', 'switch.json'), 'utf8')) as { pid: number }
    process.kill(pid, 'SIGKILL')
    await until(async () => (await reaches('10.77.0.1')) && (await reaches('windows.lab.diptych.internal')), 'both cards to be connected again')
  })

  it('go over to a new switch on request, with the connections between the guests', async () => {
    const switchPid = () => (JSON.parse(readFileSync(join(home.directory, 'run', 'switch.json'), 'utf8')) as { pid: number }).pid
    const before = switchPid()
    // A request whose last line waits until there is a new switch.
    const answer = shell(linux, "rm -f /tmp/go; { printf 'GET / HTTP/1.0\\r\\n'; touch /tmp/asked; until [ -e /tmp/go ]; do sleep 1; done; printf '\\r\\n'; sleep 10; } | nc windows 80 | head -n 1")
    answer.catch(() => {}) // awaited below
    await until(async () => (await shell(linux, 'ls /tmp/asked').catch(() => '')) !== '', 'the request to be begun')
    expect(await home.run('network', 'restart')).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('A new switch runs') as string })
    expect(switchPid()).not.toBe(before)
    await shell(linux, 'touch /tmp/go')
    expect(await answer).toMatch(/^HTTP\/1\.[01] 200/)
    await until(async () => (await reaches('10.77.0.1')) && (await reaches('windows.lab.diptych.internal')), 'both cards to be connected')
  })

  it('are taken away at once, and given back', async () => {
    const address = await labAddress(windows)
    expect((await connection.client.network.disconnect({ guest: windows, network: lab })).applies).toBe('now')
    expect(await reaches(address ?? '')).toBe(false)
    await until(() => reaches('windows'), 'windows on the stage, as before')
    expect((await connection.client.network.disconnect({ guest: windows, network: stageNetwork })).applies).toBe('now')
    expect(await connection.client.web.probe({ from: linux, to: windows })).toMatchObject([{ status: 0, error: 'they are on no network together' }])
    expect(await reaches('10.77.0.12')).toBe(false)
    expect((await connection.client.network.connect({ guest: windows, network: stageNetwork })).applies).toBe('now')
    await until(() => reaches('windows'), 'windows to be back on the stage')
    expect((await connection.client.network.setUplink({ guest: linux, on: false })).applies).toBe('now')
    await until(async () => (await shell(linux, 'cat /sys/class/net/eth2/carrier')) === '0', 'the uplink to lose its carrier')
    expect((await connection.client.network.connect({ guest: windows, network: lab })).applies).toBe('now')
    await until(() => reaches(address ?? ''), 'windows to be back on the second network')
    await expect(connection.client.network.delete({ name: lab })).rejects.toThrow('linux is on it')
  })
})

describe('a switch that ended while no host was there', () => {
  it('is replaced by the next host, which puts running guests on the network again', async () => {
    await until(async () => (await connection.client.guest.list()).every((guest) => guest.view.state === 'running' && guest.view.agent === 'live'), 'both guests to run')
    await shape({ both: { latencyMs: 40 } })
    connection.close()
    await home.crash()
    const { pid } = JSON.parse(readFileSync(join(home.directory, 'run', 'switch.json'), 'utf8')) as { pid: number }
    const identity = identify(pid) ?? expect.fail('the switch had ended before')
    signalProcess(identity, 'SIGKILL')
    expect(await waitGone(identity, 300_000)).toBe(true)
    await home.serve()
    connection = await home.connect()
    await bothPages()
    expect((await connection.client.guest.get({ name: linux })).view.network.link.effective).toMatchObject({ tx: { latencyMs: 40 } })
    await shape({ preset: 'unshaped' })
  })
})

describe('a desktop whose power is cut in the midst of a boot', () => {
  it('comes up again and opens its page, though what it was just writing is zeros', async () => {
    const shell = async (script: string) => (await connection.client.guest.exec({ name: windows, path: '/bin/sh', args: ['-c', script], timeoutMs: 60_000 })).stdout.trim()
    const bootId = () => shell('cat /proc/sys/kernel/random/boot_id')
    const before = await bootId()
    // What ext4 leaves of a file whose blocks had not reached the disk.
    await shell('rm -f /home/guest/.wine/wineserver; head -c 11 /dev/zero >/home/guest/.wine/wineserver; chown 1000:1000 /home/guest/.wine/wineserver; chmod 400 /home/guest/.wine/wineserver; sync')
    await connection.client.guest.reset({ name: windows })
    await until(async () => (await bootId().catch(() => before)) !== before, 'the next boot')
    await bothPages()
  })
})
