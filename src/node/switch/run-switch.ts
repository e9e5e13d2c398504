import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { stageNetwork, type GuestName, type NetworkName } from '../../contract/names.ts'
import { parseSubnet } from '../../network/address.ts'
import { Capture, type CaptureOptions } from '../../network/capture.ts'
import { PROTOCOL_VERSION, type ControlError, type ControlRequest } from '../../network/control-protocol.ts'
import { METER_INTERVAL_MS } from '../../network/meter.ts'
import { notDefined } from '../../network/network-set.ts'
import { ReadBuffers } from '../../network/read-buffers.ts'
import type { PortReply, VirtualSwitch } from '../../network/virtual-switch.ts'
import { writeFileAtomic } from '../file/atomic.ts'
import { ensurePrivateDirectory } from '../paths.ts'
import { identify } from '../process/process-identity.ts'
import { ControlServer, type ControlOutcome } from './control-server.ts'
import { DataServer } from './data-server.ts'
import { ResolverUpstream, systemResolvers, type Resolver } from './dns-upstream.ts'
import { Networks } from './networks.ts'
import { switchStatistics } from './statistics.ts'
import { portSocketPath, readSwitchRecord, switchPaths, type SwitchRecord } from './switch-record.ts'
import { Tunnel } from './tunnel.ts'
import { WakeTimer } from './wake-timer.ts'

export interface SwitchOptions {
  readonly runtime: string
  readonly state: string
  readonly subnet: string
  readonly domain: string
  /** Who is asked for names outside the private networks; this computer's own resolvers when not given. */
  readonly resolvers?: readonly Resolver[]
  log(text: string): void
}

export interface RunningSwitch {
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
  const instance = randomUUID()
  const buffers = new ReadBuffers()
  const data = new DataServer(buffers, options.log)
  const control = new ControlServer((request) => handle(request), capture)
  const timer = new WakeTimer(() => networks.set.release())
  const networks = new Networks({
    state: ensurePrivateDirectory(resolve(options.state)),
    domain: options.domain,
    upstream: new ResolverUpstream(() => options.resolvers ?? systemResolvers()),
    buffers,
    socketPathOf: (network, guest) => portSocketPath(runtime, network, guest),
    wakeAt: (atMs) => timer.wakeAt(atMs),
    event: (event) => control.publish(event),
  })
  const stage = await networks.open(stageNetwork, subnet)
  // The control socket first: it decides who serves this directory.
  const greeting = { diptych: 'switch' as const, version: PROTOCOL_VERSION, processId: process.pid, instance, subnet: subnet.text, gateway: stage.info.gateway, domain: options.domain }
  await control.listen(paths.control, greeting)
  try {
    const record: SwitchRecord = { version: 1, pid: process.pid, startTicks: identify(process.pid)?.startTicks ?? null, instance }
    await writeFileAtomic(paths.record, JSON.stringify(record))
  } catch (error) {
    control.close()
    throw error
  }
  const meters = setInterval(() => control.publish({ type: 'meters', meters: networks.set.tick() }), METER_INTERVAL_MS)
  const { promise: ended, resolve: end } = withResolvers()
  let stopping: Promise<void> | null = null
  options.log(`serving ${subnet.text} as ${options.domain} below ${paths.networks}`)
  return { controlSocketPath: paths.control, ended, shutdown }

  function shutdown(): Promise<void> {
    stopping ??= (async () => {
      clearInterval(meters)
      timer.dispose()
      await networks.written().catch((error: unknown) => options.log(`leases could not be written: ${String(error)}`))
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
      case 'createNetwork':
        return networks.create(request.params.name, request.params.subnet)
      case 'removeNetwork': {
        const refusal = networks.set.remove(request.params.name)
        return refusal === null ? { result: null } : { error: refusal }
      }
      case 'networks':
        return { result: networks.set.infos() }
      case 'ports':
        return { result: networks.set.ports() }
      case 'requests':
        return { result: networks.set.lines(request.params.limit) }
      case 'statistics':
        return { result: switchStatistics(networks.set.all(), data.connections) }
      case 'subscribe':
        return { result: null }
      case 'shutdown':
        setImmediate(() => void shutdown())
        return { result: null }
      default: {
        const network = networks.set.get(request.params.network)
        return network === undefined ? { error: notDefined(request.params.network) } : handleOn(network, request)
      }
    }
  }

  async function handleOn(network: VirtualSwitch, request: NetworkRequest): Promise<ControlOutcome> {
    const { name } = network.info
    switch (request.method) {
      case 'definePort': {
        const { guest } = request.params
        const reply = outcome(network.definePort(request.params), 'lease')
        if ('error' in reply) return reply
        try {
          await data.open(portSocketPath(runtime, name, guest), network.fabric, guest)
        } catch (error) {
          network.removePort(guest)
          return { error: { code: 'unreachable', message: `the socket of ${guest} on ${name} could not be made: ${error instanceof Error ? error.message : String(error)}` } }
        }
        await networks.written().catch((error: unknown) => options.log(`leases could not be written: ${String(error)}`))
        return reply
      }
      case 'removePort':
        if (!network.removePort(request.params.guest)) return { error: noPort(request.params.guest, name) }
        data.shut(portSocketPath(runtime, name, request.params.guest))
        return { result: null }
      case 'setLink':
        return outcome(network.setLink(request.params.guest, request.params.change), 'link')
      case 'capture':
        if (request.params.guest === null || network.fabric.ports.has(request.params.guest)) return { result: null }
        return { error: noPort(request.params.guest, name) }
      case 'dial': {
        const port = network.fabric.ports.get(request.params.guest)
        if (port === undefined) return { error: noPort(request.params.guest, name) }
        return new Tunnel(network.dialer, port, request.params.guest, request.params.port).outcome
      }
    }
  }

  function capture(wanted: CaptureOptions, sink: (bytes: Uint8Array) => boolean): () => void {
    const started = performance.timeOrigin
    const fabric = networks.set.get(wanted.network)?.fabric
    const running = new Capture(wanted, fabric?.ports.values() ?? [], sink, () => Math.round((started + performance.now()) * 1_000))
    fabric?.captures.add(running)
    return () => {
      fabric?.captures.delete(running)
      options.log(`a capture ended with ${running.packets} packets; ${running.missed} were left out because its reader was slow`)
    }
  }
}

type NetworkRequest = Extract<ControlRequest, { method: 'definePort' | 'removePort' | 'setLink' | 'capture' | 'dial' }>

function noPort(guest: GuestName, network: NetworkName): ControlError {
  return { code: 'not-found', message: `no port is defined for ${guest} on the network ${network}` }
}

function outcome(reply: PortReply, part: 'lease' | 'link'): ControlOutcome {
  if ('error' in reply) return reply
  const { link, meter: _meter, ...lease } = reply.port
  return { result: part === 'link' ? link : lease }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let settle = () => {}
  const promise = new Promise<void>((resolve) => {
    settle = resolve
  })
  return { promise, resolve: settle }
}
