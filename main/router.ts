import { type AnyRouter, implement } from '@orpc/server'
import { contract } from '../src/contract/contract.ts'
import type { GuestEvent, GuestUpdate } from '../src/contract/guest.ts'
import type { Check, HostInfo, HostMeter, Message } from '../src/contract/host.ts'
import type { GuestName } from '../src/contract/names.ts'
import type { StageView } from '../src/contract/stage.ts'
import type { GuestOwner } from '../src/guest/owner.ts'
import type { Publisher } from '../src/publisher.ts'
import type { Stage } from '../src/stage/stage.ts'
import type { CaptureService } from './capture-service.ts'
import { toWireError } from './error-map.ts'
import { linkPresets, type NetworkService } from './network-service.ts'
import type { PublishService } from './publish-service.ts'
import type { WebService } from './web-service.ts'

/** What the router asks of the composition root. */
export interface HostParts {
  readonly stage: Stage
  readonly network: NetworkService
  readonly web: WebService
  readonly publishing: PublishService
  readonly capturing: CaptureService
  readonly guestEvents: Publisher<GuestEvent>
  readonly stageEvents: Publisher<StageView>
  readonly messages: Publisher<Message>
  readonly recentMessages: () => Message[]
  owner(name: GuestName): GuestOwner
  listGuests(): GuestUpdate[]
  info(): HostInfo
  doctor(): Promise<Check[]>
  watchMeters(signal: AbortSignal | undefined): AsyncGenerator<HostMeter, void, void>
  readLog(name: GuestName, source: 'serial' | 'engine', lines: number): Promise<{ text: string; path: string }>
}

/** The contract, answered. Every error leaves through `toWireError`. */
export function createRouter(parts: HostParts): AnyRouter {
  const base = implement(contract).use(async ({ next }) => {
    try {
      return await next()
    } catch (error) {
      throw toWireError(error)
    }
  })
  const lifecycle = async (name: GuestName, action: 'pause' | 'resume' | 'reset') => {
    const owner = parts.owner(name)
    const outcome = await owner.request(action)
    return { outcome, guest: owner.current() }
  }
  return base.router({
    host: {
      info: base.host.info.handler(() => parts.info()),
      meters: base.host.meters.handler(({ signal }) => parts.watchMeters(signal)),
      messages: base.host.messages.handler(({ signal }) => parts.messages.subscribe(parts.recentMessages(), signal)),
      doctor: base.host.doctor.handler(() => parts.doctor()),
    },
    guest: {
      list: base.guest.list.handler(() => parts.listGuests()),
      get: base.guest.get.handler(({ input }) => parts.owner(input.name).current()),
      watch: base.guest.watch.handler(({ signal }) => parts.guestEvents.subscribe([{ type: 'listed', guests: parts.listGuests() }], signal)),
      start: base.guest.start.handler(async ({ input }) => {
        const owner = parts.owner(input.name)
        const outcome = await owner.request('start', { boot: input.boot })
        return { outcome, guest: owner.current() }
      }),
      stop: base.guest.stop.handler(async ({ input }) => {
        const owner = parts.owner(input.name)
        const outcome = await owner.request(input.mode === 'force' ? 'forceStop' : 'stop', { timeoutMs: input.timeoutMs })
        return { outcome, guest: owner.current() }
      }),
      pause: base.guest.pause.handler(({ input }) => lifecycle(input.name, 'pause')),
      resume: base.guest.resume.handler(({ input }) => lifecycle(input.name, 'resume')),
      reset: base.guest.reset.handler(({ input }) => lifecycle(input.name, 'reset')),
      set: base.guest.set.handler(async ({ input }) => {
        const owner = parts.owner(input.name)
        const results = await owner.setControls(input.change, input.waitMs)
        return { results, guest: owner.current() }
      }),
      setClipboard: base.guest.setClipboard.handler(async ({ input }) => {
        const owner = parts.owner(input.name)
        await owner.setClipboard(input.mode)
        return owner.current()
      }),
      sendKeys: base.guest.sendKeys.handler(async ({ input }) => {
        await parts.owner(input.name).demandMachine('sendKeys').sendKeys(input.keys, input.holdMs)
        return {}
      }),
      screenshot: base.guest.screenshot.handler(async ({ input }) => {
        const { png, width, height } = await parts.owner(input.name).demandMachine('screenshot').screenshot()
        return { png: Buffer.from(png).toString('base64'), width, height }
      }),
      exec: base.guest.exec.handler(({ input }) => parts.owner(input.name).demandMachine('exec').agent.exec(input.path, input.args, input.timeoutMs)),
      logs: base.guest.logs.handler(({ input }) => parts.readLog(input.name, input.source, input.lines)),
    },
    network: {
      get: base.network.get.handler(() => parts.network.report()),
      presets: base.network.presets.handler(() => [...linkPresets]),
      watch: base.network.watch.handler(({ signal }) =>
        parts.network.publisher.subscribe([{ type: 'meters', at: new Date().toISOString(), network: parts.network.view() }], signal),
      ),
      publish: base.network.publish.handler(({ input }) => parts.publishing.publish(parts.owner(input.guest).definition.name, input.port, input.hostPort)),
      unpublish: base.network.unpublish.handler(({ input }) => parts.publishing.unpublish(parts.owner(input.guest).definition.name, input.port)),
      publications: base.network.publications.handler(() => parts.publishing.list()),
      startCapture: base.network.startCapture.handler(({ input }) =>
        parts.capturing.start(input.guest === null ? null : parts.owner(input.guest).definition.name, input.maxBytes),
      ),
      stopCapture: base.network.stopCapture.handler(({ input }) => parts.capturing.stop(input.id)),
      captures: base.network.captures.handler(() => parts.capturing.list()),
      requests: base.network.requests.handler(({ input }) => parts.network.requests(input.limit)),
    },
    stage: {
      get: base.stage.get.handler(() => parts.stage.view()),
      watch: base.stage.watch.handler(({ signal }) => parts.stageEvents.subscribe([parts.stage.view()], signal)),
      up: base.stage.up.handler(({ input }) => parts.stage.up(input.boot)),
      cancel: base.stage.cancel.handler(() => parts.stage.cancel()),
      down: base.stage.down.handler(({ input }) => parts.stage.down(input.mode)),
    },
    web: {
      probe: base.web.probe.handler(({ input }) => parts.web.probe(input)),
      matrix: base.web.matrix.handler(({ input }) => parts.web.matrix(input.path)),
      watch: base.web.watch.handler(({ input, signal }) => parts.web.watch(input.path, input.intervalMs, signal)),
      evidence: base.web.evidence.handler(({ input }) => parts.web.evidence(input)),
    },
  })
}
