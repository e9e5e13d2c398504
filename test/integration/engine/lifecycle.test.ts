import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { PNG } from 'pngjs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MacAddress, NetworkName, stageNetwork } from '../../../src/contract/names.ts'
import type { Machine, MachineEvent } from '../../../src/engine/engine.ts'
import { cpuMs } from '../../../src/node/process/process-identity.ts'
import { agentAnswers, Bench, isThere, recordEvents, tinyMac, until } from './fixture.ts'

describe('one machine on real QEMU', () => {
  let bench: Bench
  let machine: Machine
  let events: MachineEvent[]
  const has = (type: MachineEvent['type']) => events.some((event) => event.type === type)
  const anHour = 3_600_000
  /** What became of a program whose agent is gone. */
  const lost = /ended before it answered|not running in the guest|refused guest-exec-status/
  const consoleSays = (text: string) => events.some((event) => event.type === 'console' && event.line.includes(text))

  beforeAll(async () => {
    bench = new Bench()
    machine = await bench.engine.start(bench.spec, { from: { kind: 'cold' } })
    events = recordEvents(machine)
  })
  afterAll(() => bench.end())

  test('the engine says what it is', async () => {
    const description = await bench.engine.describe()
    expect(description.version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(description.accelerator.reason).not.toBe('')
    expect(description.capabilities.warmStart).toBe(true)
  })

  test('it boots, reads its parameters, and its console is told line by line and kept', async () => {
    expect(await machine.status()).toBe('running')
    await until('the guest’s greeting', () => consoleSays('TINY UP parameter=hello, world') || null)
    const log = () => readFileSync(machine.logPaths.serial, 'utf8')
    await until('the log to be written, which happens in its own time', () => log().includes('TINY UP parameter=hello, world') || null)
    expect(bench.connections).toBe(1)
  })

  test('its agent answers, runs programs and says when one fails', async () => {
    await agentAnswers(machine)
    await until('the agent to be told of', () => has('agent'))
    expect(await machine.agent.hostName()).toBe('tiny')
    expect((await machine.agent.osInfo()).name).toBe('Tiny test guest')
    expect((await machine.agent.addresses()).map(({ mac }) => mac)).toContain(tinyMac)
    expect(await machine.agent.exec('/bin/busybox', ['sh', '-c', 'echo out; echo err >&2; exit 3'], 120_000)).toEqual({ exitCode: 3, stdout: 'out\n', stderr: 'err\n' })
    await expect(machine.agent.exec('/no/such/program', [], 5_000)).rejects.toMatchObject({ part: 'agent' })
    await machine.agent.setTime(1_700_000_000_000)
    expect((await machine.agent.exec('/bin/busybox', ['date', '+%s'], 120_000)).stdout).toMatch(/^1700000\d{3}/)
  })

  test('an agent that ends while it is asked is not waited for, however long the program may take', async () => {
    // Stopped, it leaves a question open; killed, it never answers. The guest starts another.
    await expect(machine.agent.exec('/bin/busybox', ['sh', '-c', 'kill -STOP $(pidof qemu-ga); sleep 1; kill -KILL $(pidof qemu-ga)'], anHour)).rejects.toThrow(lost)
    await agentAnswers(machine)
    expect((await machine.agent.exec('/bin/busybox', ['echo', 'again'], 120_000)).stdout).toBe('again\n')
  })

  test('pause stops its processor, resume lets it go on', async () => {
    await machine.pause()
    expect(await machine.status()).toBe('paused')
    const said = () => events.filter((event) => event.type === 'console').length
    // What was said before may still be on its way.
    await until('the console to be silent, which else ticks every second', async () => {
      const [before, ticks] = [cpuMs(machine.processId), said()]
      await new Promise((resolve) => setTimeout(resolve, 2_500))
      return said() === ticks && cpuMs(machine.processId) - before < 1_000
    })
    await machine.resume()
    expect(await machine.status()).toBe('running')
    await until('both events', () => (has('paused') && has('resumed')) || null)
  })

  test('screenshots are PNGs of the stated size; two viewers may watch', async () => {
    const shot = await machine.screenshot()
    const decoded = PNG.sync.read(Buffer.from(shot.png))
    expect([decoded.width, decoded.height]).toEqual([shot.width, shot.height])
    const greetings = await Promise.all(
      [1, 2].map(() => new Promise<string>((resolve, reject) => {
        const socket = connect(machine.screenSocketPath).once('error', reject).once('data', (data) => {
          resolve(data.toString('latin1', 0, 3))
          socket.destroy()
        })
      })),
    )
    expect(greetings).toEqual(['RFB', 'RFB'])
  })

  test('keys are taken, unknown ones refused by name', async () => {
    await machine.sendKeys(['shift', 'a'], 20)
    await expect(machine.sendKeys(['no_such_key'], 20)).rejects.toThrow('no_such_key')
  })

  test('the clipboard goes in and out while it runs', async () => {
    await machine.setClipboard('both')
    await machine.setClipboard('guest-to-host')
    expect(machine.spec.clipboard).toBe('guest-to-host')
    await machine.setClipboard('off')
    await machine.setClipboard('off')
  })

  test('a restarted switch gets the machine back', async () => {
    const { connections } = bench
    await bench.restartSwitch()
    await machine.reconnectNetwork([stageNetwork])
    await until('a new connection', () => bench.connections > connections || null)
  })

  test('what it was sending to a switch that hung and ended is sent to the new one', async () => {
    const shell = async (script: string) => (await machine.agent.exec('/bin/busybox', ['sh', '-c', script], 60_000)).stdout
    await shell('ifconfig eth0 10.77.0.11; ip route add 224.0.0.0/4 dev eth0; (while [ ! -e /tmp/enough ]; do ping -q -s 1400 -i 0.002 224.0.0.1; done) >/dev/null 2>&1 &')
    bench.stallSwitch()
    let sent = 0
    await until('its card to be full', async () => {
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      const before = sent
      sent = Number(await shell('cat /sys/class/net/eth0/statistics/tx_bytes'))
      return (sent > 50_000 && sent === before) || null
    })
    await bench.restartSwitch()
    await machine.reconnectNetwork([stageNetwork])
    const { receivedBytes } = bench
    await until('more from the guest', () => bench.receivedBytes > receivedBytes + 100_000 || null)
    expect(await machine.status()).toBe('running')
    await shell('touch /tmp/enough; killall ping')
  })

  test('cards plugged while it runs are found by the guest, and by the next host, until there is no slot left', async () => {
    const { connections } = bench
    const further = (number: number) => ({ kind: 'switch', mac: MacAddress.parse(`52:54:00:aa:00:0${number}`), network: NetworkName.parse('lab'), socketPath: bench.switchPath }) as const
    const seen = async () => (await machine.agent.addresses()).map(({ mac }) => mac)
    expect(await machine.plugCard(further(1))).toBe(true)
    await until('the second card', async () => (await seen()).includes(further(1).mac) || null)
    expect(bench.connections).toBe(connections + 1)
    expect(await machine.plugCard({ kind: 'uplink', mac: MacAddress.parse('52:54:00:aa:00:09') })).toBe(true)
    await until('the third card', async () => (await seen()).includes('52:54:00:aa:00:09') || null)
    expect(await machine.plugCard(further(2))).toBe(false)
    const record = JSON.parse(readFileSync(`${bench.runDirectory}/run.json`, 'utf8')) as { spec: { nics: { mac: string }[] } }
    expect(record.spec.nics.map(({ mac }) => mac)).toEqual([tinyMac, further(1).mac, '52:54:00:aa:00:09'])
    expect(machine.spec.nics).toHaveLength(3)
    await bench.restartSwitch()
    await machine.reconnectNetwork([stageNetwork, NetworkName.parse('lab')])
    await until('both cables again', () => bench.connections === connections + 3 || null)
  })

  test('usage rises and memory is counted', async () => {
    const usage = await machine.usage()
    expect(usage.cpuMs).toBeGreaterThan(0)
    expect(usage.residentMiB).toBeGreaterThan(50)
    await machine.agent.exec('/bin/busybox', ['sh', '-c', 'dd if=/dev/urandom of=/dev/vda bs=1M count=4 && sync'], 60_000)
    expect((await machine.usage()).diskWriteBytes - usage.diskWriteBytes).toBeGreaterThanOrEqual(4 << 20)
  })

  test('reset boots it again, and its agent is not waited for', async () => {
    events.length = 0
    const gone = expect(machine.agent.exec('/bin/busybox', ['sleep', '3600'], anHour)).rejects.toThrow(lost)
    await machine.reset()
    await gone
    await until('the second boot', () => (has('reset') && consoleSays('TINY UP')) || null)
    expect(isThere(machine.processId)).toBe(true)
  })

  test('a reset at any moment after power-on boots it again', async () => {
    for (const afterMs of [0, 2, 4, 8]) {
      const other = new Bench()
      try {
        const young = await other.engine.start(other.spec, { from: { kind: 'cold' } })
        const heard = recordEvents(young)
        await new Promise((resolve) => setTimeout(resolve, afterMs))
        await young.reset()
        await until('the greeting', () => heard.some((event) => event.type === 'console' && event.line.includes('TINY UP')) || null)
        await young.quit()
      } finally {
        await other.end()
      }
    }
  })

  test('the power button asks the guest, and its own shutdown is an expected end', async () => {
    await agentAnswers(machine)
    await machine.powerDown()
    const ended = await until('the end', () => events.find((event) => event.type === 'exited'))
    expect(has('powering-down')).toBe(true)
    expect(ended).toMatchObject({ expected: true, detail: 'The guest shut down.' })
    expect(existsSync(bench.runDirectory)).toBe(false)
    await expect(machine.pause()).rejects.toMatchObject({ part: 'qmp' })
  })

  test('quit ends it at once and leaves nothing but logs', async () => {
    const again = await bench.engine.start(bench.spec, { from: { kind: 'cold' } })
    const told = recordEvents(again)
    await again.quit()
    expect(isThere(again.processId)).toBe(false)
    await until('the last event', () => told.some((event) => event.type === 'exited') || null)
    expect(told.at(-1)).toMatchObject({ type: 'exited', expected: true })
    expect(existsSync(bench.runDirectory)).toBe(false)
  })

  test('a killed QEMU is an unexpected end, told with how', async () => {
    const again = await bench.engine.start(bench.spec, { from: { kind: 'cold' } })
    const told = recordEvents(again)
    process.kill(again.processId, 'SIGKILL')
    const ended = await until('the end', () => told.find((event) => event.type === 'exited'))
    expect(ended).toMatchObject({ expected: false, detail: expect.stringContaining('signal SIGKILL') as string })
  })
})
