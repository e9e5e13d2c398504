import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GuestName, MacAddress, stageNetwork } from '../../../src/contract/names.ts'
import { parseArp } from '../../../src/network/arp.ts'
import type { SwitchClient } from '../../../src/network/client.ts'
import { captureToFile, openCapture } from '../../../src/node/switch/capture.ts'
import { connectControl } from '../../../src/node/switch/control-client.ts'
import { runSwitch, type RunningSwitch } from '../../../src/node/switch/run-switch.ts'
import { until } from '../engine/fixture.ts'
import { address, arpRequest, Endpoint, isTestFrame, tcpFrame, testFrame } from './endpoint.ts'

const linux = { guest: GuestName.parse('linux'), mac: MacAddress.parse('52:54:00:d1:00:01') }
const windows = { guest: GuestName.parse('windows'), mac: MacAddress.parse('52:54:00:d1:00:02') }
const hasTshark = spawnSync('tshark', ['--version']).status === 0

let directory = ''
let runtime = ''
let running: RunningSwitch
let client: SwitchClient
let a: Endpoint
let b: Endpoint
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dsw-'))
  runtime = join(directory, 'run')
  running = await runSwitch({ runtime, state: join(directory, 'state'), subnet: '10.77.0.0/24', domain: 'diptych.internal', log: () => {} })
  client = await connectControl(running.controlSocketPath)
  const [first, second] = [await client.definePort(linux), await client.definePort(windows)]
  a = await Endpoint.open(first.socketPath, linux.mac)
  b = await Endpoint.open(second.socketPath, windows.mac)
  for (const [wire, ip] of [[a, '10.77.0.11'], [b, '10.77.0.12']] as const) {
    wire.send(arpRequest(wire.mac, address(ip), address('10.77.0.1')))
    await wire.receive((frame) => parseArp(frame.subarray(14))?.operation === 'reply')
  }
})
afterEach(async () => {
  a.close()
  b.close()
  client.dispose()
  await running.shutdown()
  rmSync(directory, { recursive: true, force: true })
})

/** Reads a capture file with tshark: interface, source MAC and length of each packet. Any complaint is a failure. */
function dissect(path: string): string[] {
  const result = spawnSync('tshark', ['-r', path, '-T', 'fields', '-e', 'frame.interface_name', '-e', 'eth.src', '-e', 'frame.len', '-e', 'http.request.uri'], { encoding: 'utf8' })
  expect(result.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Running as user'))).toEqual([])
  return result.stdout.trim().split('\n').map((line) => line.trim())
}

const begun = (path: string) => until('the capture to begin', () => existsSync(path) && statSync(path).size > 0)

/** Waits until the file holds that many whole packets: blocks of type 6 (pcapng, section 4.3). */
const untilPackets = (path: string, packets: number) =>
  until(`${packets} packets`, () => {
    const bytes = readFileSync(path)
    let count = 0
    for (let at = 0, length = 0; at + 8 <= bytes.length && at + (length = bytes.readUInt32LE(at + 4)) <= bytes.length; at += length) if (bytes.readUInt32LE(at) === 6) count += 1
    return count === packets
  })

describe.skipIf(!hasTshark)(`capture${hasTshark ? '' : ' (needs tshark)'}`, () => {
  it('of one link holds both directions', async () => {
    const path = join(directory, 'link.pcapng')
    const end = new AbortController()
    const done = captureToFile(runtime, { network: stageNetwork, guest: linux.guest, snapBytes: 65_549 }, path, 1_000_000_000, end.signal)
    await begun(path)
    a.send(tcpFrame(a.mac, b.mac, address('10.77.0.11'), address('10.77.0.12'), [40_000, 80], 1, 0x18, 'GET /seen HTTP/1.1\r\n\r\n'), testFrame(a.mac, b.mac, 1, 65_549))
    await b.receive(isTestFrame(1))
    b.send(testFrame(b.mac, a.mac, 2, 1_000))
    await a.receive(isTestFrame(2))
    await untilPackets(path, 3)
    end.abort()
    await done
    expect(dissect(path)).toEqual(['linux\t52:54:00:d1:00:01\t76\t/seen', 'linux\t52:54:00:d1:00:01\t65549', 'linux\t52:54:00:d1:00:02\t1000'])
  })

  it('of the network holds each frame once, the gateway\'s too, and cuts at the length asked for', async () => {
    const path = join(directory, 'network.pcapng')
    const end = new AbortController()
    const done = captureToFile(runtime, { network: stageNetwork, guest: null, snapBytes: 64 }, path, 1_000_000_000, end.signal)
    await begun(path)
    a.send(arpRequest(a.mac, address('10.77.0.11'), address('10.77.0.1')), testFrame(a.mac, b.mac, 1, 9_000))
    await b.receive(isTestFrame(1))
    await untilPackets(path, 3)
    end.abort()
    await done
    expect(dissect(path).toSorted()).toEqual(['gateway\t02:d1:97:7c:00:01\t42', 'linux\t52:54:00:d1:00:01\t42', 'linux\t52:54:00:d1:00:01\t9000'])
    expect(statSync(path).size).toBeLessThan(2_000)
    // Who is who stands in the file's comment, those who said nothing included.
    const comment = spawnSync('capinfos', ['-k', path], { encoding: 'utf8' }).stdout
    for (const guest of ['linux = 52:54:00:d1:00:01 = 10.77.0.11', 'windows = 52:54:00:d1:00:02 = 10.77.0.12']) expect(comment).toContain(guest)
  })

  it('is shown by tshark while it is made', async () => {
    const tshark = spawn('tshark', ['-i', '-', '-l', '-c', '2', '-T', 'fields', '-e', 'frame.interface_name', '-e', 'frame.len'])
    const said = { out: '', complaints: '' }
    tshark.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()))
    tshark.stderr.on('data', (chunk: Buffer) => (said.complaints += chunk.toString()))
    const ended = new Promise((resolve) => tshark.once('close', resolve))
    const stream = await openCapture(runtime, { network: stageNetwork, guest: null, snapBytes: 65_549 })
    tshark.stdin.on('error', () => stream.destroy()) // it has had enough
    stream.pipe(tshark.stdin)
    try {
      a.send(testFrame(a.mac, b.mac, 1, 100))
      await until('the first packet to be shown', () => said.out !== '')
      b.send(testFrame(b.mac, a.mac, 2, 65_549))
      expect(await ended).toBe(0)
      expect(said.out).toBe('linux\t100\nwindows\t65549\n')
      expect(said.complaints).not.toMatch(/warning|critical|error|cut short|malformed|unknown/i)
    } finally {
      stream.destroy()
      tshark.kill()
    }
  })

  it('keeps the newest part within a size', async () => {
    const path = join(directory, 'ring.pcapng')
    const end = new AbortController()
    const done = captureToFile(runtime, { network: stageNetwork, guest: linux.guest, snapBytes: 65_549 }, path, 100_000, end.signal)
    await begun(path)
    for (let number = 0; number < 40; number++) a.send(testFrame(a.mac, b.mac, number, 9_000))
    await b.receive(isTestFrame(39))
    // 40 frames of 9 kB, 11 to a file: three full ones, of which the last is kept, and 7 frames in the fourth.
    const last = Buffer.from(testFrame(a.mac, b.mac, 39, 9_000).subarray(0, 18))
    await until('the last frame', () => readFileSync(path).includes(last))
    await untilPackets(path, 7)
    end.abort()
    expect(await done).toBe(40)
    expect(statSync(`${path}.1`).size).toBeLessThanOrEqual(100_000)
    expect([dissect(`${path}.1`).length, dissect(path).length]).toEqual([11, 7])
  })
})

it('refuses to capture a guest that has no port', async () => {
  await expect(openCapture(runtime, { network: stageNetwork, guest: GuestName.parse('nobody'), snapBytes: 100 })).rejects.toThrow('no port is defined for nobody')
})

it('does not hold up its process while the disk takes its time', async () => {
  const path = join(directory, 'slow.pcapng')
  execFileSync('mkfifo', [path])
  // A disk that takes nothing for three seconds: a pipe holds 64 KiB.
  const disk = spawn('sh', ['-c', 'exec 3<"$1"; sleep 3; echo reads; exec cat <&3 >/dev/null', 'sh', path], { stdio: ['ignore', 'pipe', 'ignore'] })
  const reads = new Promise((resolve) => disk.stdout.once('data', resolve))
  let ticks = 0
  const ticking = setInterval(() => (ticks += 1), 20)
  try {
    const end = new AbortController()
    let started = () => {}
    const begins = new Promise<void>((resolve) => (started = resolve))
    const done = captureToFile(runtime, { network: stageNetwork, guest: linux.guest, snapBytes: 65_549 }, path, 1_000_000_000, end.signal, started)
    await begins
    for (let number = 0; number < 4; number++) a.send(testFrame(a.mac, b.mac, number, 65_549))
    await b.receive(isTestFrame(3))
    ticks = 0
    await reads
    expect(ticks).toBeGreaterThan(5)
    end.abort()
    expect(await done).toBeGreaterThan(0)
  } finally {
    clearInterval(ticking)
    disk.kill()
  }
})
