import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { ipv4Text, parseSubnet } from '../../network/address.ts'
import { Capture, type CaptureOptions } from '../../network/capture.ts'
import { PROTOCOL_VERSION, type ControlRequest } from '../../network/control-protocol.ts'
import { METER_INTERVAL_MS } from '../../network/meter.ts'
import { VirtualSwitch, type PortReply } from '../../network/virtual-switch.ts'
import { writeFileAtomic } from '../file/atomic.ts'
import { ensurePrivateDirectory } from '../paths.ts'
import { identify } from '../process/process-identity.ts'
import { ControlServer, type ControlOutcome } from './control-server.ts'
import { DataServer } from './data-server.ts'
import { DnsPacketCodec } from './dns-codec.ts'
import { LeaseFile } from './lease-file.ts'
import { readSwitchRecord, switchPaths, type SwitchRecord } from './switch-record.ts'
import { Tunnel } from './tunnel.ts'
import { WakeTimer } from './wake-timer.ts'

export interface SwitchOptions {
  readonly runtime: string
  readonly state: string
  readonly subnet: string
  readonly domain: string
  log(text: string): void
}

export interface RunningSwitch {
  readonly dataSocketPath: string
  readonly controlSocketPath: string
  /** Resolves after `shutdown`, asked for here or over the control socket. */
  readonly ended: Promise<void>
  shutdown(): Promise<void>
}

const DOMAIN = /^(?=.{1,200}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/

/**
 * Runs the switch in this process until it is shut down. Throws RangeError for a setting that cannot be, SocketInUse
 * when another switch serves the runtime directory, LeaseFileUnreadable.
 */
export async function runSwitch(options: SwitchOptions): Promise<RunningSwitch> {
  const subnet = parseSubnet(options.subnet)
  if (!DOMAIN.test(options.domain)) throw new RangeError(`"${options.domain}" is not a domain: write lower-case labels with dots, like diptych.internal`)
  const runtime = ensurePrivateDirectory(resolve(options.runtime))
  const paths = switchPaths(runtime)
  const leaseFile = new LeaseFile(ensurePrivateDirectory(resolve(options.state)))
  const instance = randomUUID()
  const data = new DataServer()
  const control = new ControlServer((request) => handle(request), capture)
  const timer = new WakeTimer(() => network.fabric.release())
  const network = new VirtualSwitch({
    subnet,
    domain: options.domain,
    codec: new DnsPacketCodec(),
    leases: await leaseFile.read(),
    now: () => performance.now(),
    wallClock: Date.now,
    random: Math.random,
    wakeAt: (atMs) => timer.wakeAt(atMs),
    saveLeases: (document) => leaseFile.save(document),
    event: (event) => control.publish(event),
  })
  // The control socket first: it decides who serves this directory.
  const greeting = { diptych: 'switch' as const, version: PROTOCOL_VERSION, processId: process.pid, instance, subnet: subnet.text, gateway: ipv4Text(subnet.gateway), domain: options.domain, dataSocketPath: paths.data }
  await control.listen(paths.control, greeting)
  try {
    await data.listen(paths.data, network.fabric, options.log)
    const record: SwitchRecord = { version: 1, pid: process.pid, startTicks: identify(process.pid)?.startTicks ?? null, instance }
    await writeFileAtomic(paths.record, JSON.stringify(record))
  } catch (error) {
    control.close()
    data.close()
    throw error
  }
  const meters = setInterval(() => control.publish(network.tick()), METER_INTERVAL_MS)
  const { promise: ended, resolve: end } = withResolvers()
  let stopping: Promise<void> | null = null
  options.log(`serving ${subnet.text} as ${options.domain} on ${paths.data}`)
  return { dataSocketPath: paths.data, controlSocketPath: paths.control, ended, shutdown }

  function shutdown(): Promise<void> {
    stopping ??= (async () => {
      clearInterval(meters)
      timer.dispose()
      await leaseFile.written().catch((error: unknown) => options.log(`leases.json could not be written: ${String(error)}`))
      if (readSwitchRecord(runtime)?.instance === instance) rmSync(paths.record, { force: true })
      data.close()
      control.close()
      options.log('ended')
      end()
    })()
    return stopping
  }

  async function handle(request: ControlRequest): Promise<ControlOutcome> {
    switch (request.method) {
      case 'definePort': {
        const reply = outcome(network.definePort(request.params), 'lease')
        await leaseFile.written().catch((error: unknown) => options.log(`leases.json could not be written: ${String(error)}`))
        return reply
      }
      case 'removePort':
        return network.removePort(request.params.guest) ? { result: null } : { error: { code: 'not-found', message: `no port is defined for ${request.params.guest}` } }
      case 'setLink':
        return outcome(network.setLink(request.params.guest, request.params.change), 'link')
      case 'ports':
        return { result: network.ports() }
      case 'requests':
        return { result: network.http.lines(request.params.limit) }
      case 'statistics':
        return { result: statistics() }
      case 'subscribe':
        return { result: null }
      case 'capture':
        if (request.params.guest === null || network.fabric.ports.has(request.params.guest)) return { result: null }
        return { error: { code: 'not-found', message: `no port is defined for ${request.params.guest}` } }
      case 'dial': {
        const port = network.fabric.ports.get(request.params.guest)
        if (port === undefined) return { error: { code: 'not-found', message: `no port is defined for ${request.params.guest}` } }
        return new Tunnel(network.dialer, port, request.params.guest, request.params.port).outcome
      }
      case 'shutdown':
        setImmediate(() => void shutdown())
        return { result: null }
    }
  }

  function capture(wanted: CaptureOptions, sink: (bytes: Uint8Array) => boolean): () => void {
    const started = performance.timeOrigin
    const running = new Capture(wanted, sink, () => Math.round((started + performance.now()) * 1_000))
    network.fabric.captures.add(running)
    return () => {
      network.fabric.captures.delete(running)
      options.log(`a capture ended with ${running.packets} packets; ${running.missed} were left out because its reader was slow`)
    }
  }

  function statistics() {
    return {
      ports: [...network.fabric.ports.values()].map((port) => ({
        guest: port.settings.guest,
        drops: port.drops,
        backlogBytes: port.wire?.backlogBytes ?? 0,
        heldBytes: (port.txShaper?.heldBytes ?? 0) + (port.rxShaper?.heldBytes ?? 0),
      })),
      strays: network.fabric.strays,
      connections: data.connections,
      macTableEntries: network.fabric.macs.size,
      httpFlows: network.http.flowCount,
      httpSampledOut: network.http.sampledOut,
      residentMiB: process.memoryUsage.rss() / 1_048_576,
    }
  }
}

function outcome(reply: PortReply, part: 'lease' | 'link'): ControlOutcome {
  if ('error' in reply) return reply
  const { guest, mac, ipv4, bound, link } = reply.port
  return { result: part === 'link' ? link : { guest, mac, ipv4, bound } }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let settle = () => {}
  const promise = new Promise<void>((resolve) => {
    settle = resolve
  })
  return { promise, resolve: settle }
}
