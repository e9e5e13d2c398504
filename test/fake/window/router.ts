import { type Router, implement } from '@orpc/server'
import { type Contract, contract } from '../../../src/contract/contract.ts'
import type { GuestAction } from '../../../src/contract/guest.ts'
import { agentRoutes } from './agent-routes.ts'
import { playFirstRun } from './first-run.ts'
import { crossfade, historyOf } from './mixer.ts'
import { presets } from './presets.ts'
import { libraryRoutes } from './library-routes.ts'
import { snapshotRoutes, stageSnapshotRoutes, type Thrower } from './snapshot-routes.ts'
import { evidenceOf, matrixOf } from './web.ts'
import { answerFor, type FakeGuest, updateOf } from './views.ts'
import type { World } from './world.ts'

/** The whole contract over a world in memory. Inputs and outputs pass the real schemas. */
export function routerFor(world: World, screenshot: (guest: FakeGuest) => { png: string; width: number; height: number }): Router<Contract, Record<never, never>> {
  const on = implement(contract)
  const find = (name: string, errors: Thrower): FakeGuest => {
    const guest = world.find(name)
    if (guest === undefined) throw errors.NOT_FOUND({ data: { noun: 'guest', name, known: world.guests.map((known) => known.name) } })
    return guest
  }
  const may = (name: string, action: GuestAction, errors: Thrower): FakeGuest => {
    const guest = find(name, errors)
    const answer = answerFor(guest, action)
    if (!answer.allowed) throw errors.REFUSED({ data: { code: 'wrong-state', subject: name, reason: answer.reason ?? '' } })
    return guest
  }
  const done = (guest: FakeGuest) => ({ outcome: 'done' as const, guest: updateOf(guest) })
  const listed = () => world.guests.map((guest) => updateOf(guest))

  const library = libraryRoutes(world, { find, screenshot })
  return on.router({
    host: {
      info: on.host.info.handler(() => world.info()),
      meters: on.host.meters.handler(({ signal }) => world.meters.stream([world.meter()], signal)),
      messages: on.host.messages.handler(({ signal }) => world.messageEvents.stream(world.messages, signal)),
      doctor: on.host.doctor.handler(() => []),
      budget: on.host.budget.handler(() => world.meter().budget),
      history: on.host.history.handler(({ input }) => historyOf(world.guests, input.span)),
      exportHistory: on.host.exportHistory.handler(({ input }) => ({ fileName: `diptych-${input.span}.csv`, csv: 'at,guest,cpuPercent\r\n' })),
    },
    image: library.image,
    os: library.os,
    trash: library.trash,
    disc: library.disc,
    template: library.template,
    guest: {
      ...library.guest,
      list: on.guest.list.handler(() => listed()),
      get: on.guest.get.handler(({ input, errors }) => updateOf(find(input.name, errors))),
      watch: on.guest.watch.handler(({ signal }) => world.guestEvents.stream([{ type: 'listed', guests: listed() }], signal)),
      start: on.guest.start.handler(({ input, errors }) => {
        const guest = may(input.name, 'start', errors)
        world.start(guest)
        return done(guest)
      }),
      stop: on.guest.stop.handler(({ input, errors }) => {
        const guest = may(input.name, input.mode === 'force' ? 'forceStop' : 'stop', errors)
        world.stop(guest, input.mode === 'force')
        return done(guest)
      }),
      pause: on.guest.pause.handler(({ input, errors }) => {
        const guest = may(input.name, 'pause', errors)
        world.change(guest, { state: 'paused' })
        return done(guest)
      }),
      resume: on.guest.resume.handler(({ input, errors }) => {
        const guest = may(input.name, 'resume', errors)
        world.change(guest, { state: 'running' })
        return done(guest)
      }),
      reset: on.guest.reset.handler(({ input, errors }) => {
        const guest = may(input.name, 'reset', errors)
        world.start(guest)
        return done(guest)
      }),
      restart: on.guest.restart.handler(({ input, errors }) => {
        const guest = may(input.name, 'restart', errors)
        world.start(guest)
        return done(guest)
      }),
      suspend: on.guest.suspend.handler(({ input, errors }) => {
        const guest = may(input.name, 'suspend', errors)
        world.suspend(guest)
        return done(guest)
      }),
      set: on.guest.set.handler(({ input, errors }) => {
        const guest = may(input.name, 'set', errors)
        const { memory } = input.change
        if (!input.force && memory !== undefined && memory > (guest.controls.memory.budgetMaximum ?? Infinity)) {
          throw errors.REFUSED({ data: { code: 'over-budget', subject: guest.name, reason: `with ${memory} MiB the guests would hold more than this computer has besides its reserve` } })
        }
        world.set(guest, input.change)
        return { results: {}, guest: updateOf(guest) }
      }),
      crossfade: on.guest.crossfade.handler(({ input, errors }) => crossfade(may(input.left, 'set', errors), may(input.right, 'set', errors), input.share, (guest, change) => world.set(guest, change))),
      setPolicies: on.guest.setPolicies.handler(({ input, errors }) => {
        const guest = find(input.name, errors)
        world.change(guest, { policies: input.policies })
        return updateOf(guest)
      }),
      activity: on.guest.activity.handler(({ input, errors }) => [
        { sequence: 1, at: new Date().toISOString(), guest: find(input.name, errors).name, rule: 'memory.auto', text: 'took 128 MiB that lay idle' },
      ]),
      setClipboard: on.guest.setClipboard.handler(({ input, errors }) => {
        const guest = find(input.name, errors)
        world.change(guest, { clipboard: input.mode })
        return updateOf(guest)
      }),
      sendKeys: on.guest.sendKeys.handler(({ input, errors }) => {
        const guest = may(input.name, 'sendKeys', errors)
        world.say('info', `${guest.name}: pressed ${input.keys.join('+')}`, guest)
        return {}
      }),
      screenshot: on.guest.screenshot.handler(({ input, errors }) => screenshot(may(input.name, 'screenshot', errors))),
      ...agentRoutes(world, find),
      exec: on.guest.exec.handler(() => ({ exitCode: 0, stdout: '', stderr: '' })),
      logs: on.guest.logs.handler(({ input }) => ({
        text: input.source === 'serial' ? '[    0.000000] Linux version 6.1.0-28-amd64\n[    1.204411] EXT4-fs (vda1): mounted filesystem\n[    2.310775] diptych: web server answering on port 80\n' : '',
        path: `/home/person/.local/state/diptych/logs/${input.name}-${input.source}.log`,
      })),
    },
    network: {
      get: on.network.get.handler(() => ({ ...world.network(), statistics: null })),
      presets: on.network.presets.handler(() => [...presets]),
      watch: on.network.watch.handler(({ signal }) => world.networkEvents.stream([{ type: 'meters', at: new Date().toISOString(), network: world.network() }], signal)),
      requests: on.network.requests.handler(() => world.requests),
      publish: on.network.publish.handler(({ input, errors }) => {
        find(input.guest, errors)
        const hostPort = input.hostPort ?? 40_000 + world.publications.length
        const publication = { guest: input.guest, port: input.port, hostPort, url: `http://${input.guest}.localhost:${hostPort}/` }
        world.publications.push(publication)
        return publication
      }),
      unpublish: on.network.unpublish.handler(({ input }) => {
        const gone = world.publications.filter((each) => each.guest === input.guest)
        world.publications = world.publications.filter((each) => each.guest !== input.guest)
        return gone
      }),
      publications: on.network.publications.handler(() => world.publications),
      startCapture: on.network.startCapture.handler(({ input }) => {
        const capture = { id: `capture-${world.tick}`, network: input.network, guest: input.guest, path: `/home/person/.local/state/diptych/captures/${input.guest ?? 'network'}.pcapng`, startedAt: new Date().toISOString(), bytes: 1_234_567, limitBytes: 2 * input.maxBytes, packets: null }
        world.captures.push(capture)
        return capture
      }),
      stopCapture: on.network.stopCapture.handler(({ input, errors }) => {
        const capture = world.captures.find((each) => each.id === input.id)
        if (capture === undefined) throw errors.NOT_FOUND({ data: { noun: 'capture', name: input.id, known: [] } })
        world.captures = world.captures.filter((each) => each !== capture)
        return { ...capture, packets: 1_204 }
      }),
      captures: on.network.captures.handler(() => world.captures),
      list: on.network.list.handler(() => world.networks.list()),
      create: on.network.create.handler(({ input, errors }) => {
        const made = world.networks.create(input.name)
        if (made === undefined) throw errors.NOT_FOUND({ data: { noun: 'network', name: input.name, known: [] } })
        return made
      }),
      delete: on.network.delete.handler(({ input, errors }) => {
        throw errors.REFUSED({ data: { code: 'in-use', subject: input.name, reason: 'a guest is on it' } })
      }),
      connect: on.network.connect.handler(({ input }) => world.networks.connect(input.guest, input.network, true)),
      disconnect: on.network.disconnect.handler(({ input }) => world.networks.connect(input.guest, input.network, false)),
      restart: on.network.restart.handler(() => ({ ...world.network(), statistics: null })),
      setUplink: on.network.setUplink.handler(({ input }) => world.networks.setUplink(input.guest, input.on)),
    },
    task: {
      list: on.task.list.handler(() => world.tasks.list),
      watch: on.task.watch.handler(({ signal }) => world.tasks.events.stream([world.tasks.list], signal)),
      cancel: on.task.cancel.handler(({ input, errors }) => {
        const task = world.tasks.cancel(input.id)
        if (task === undefined) throw errors.NOT_FOUND({ data: { noun: 'task', name: input.id, known: [] } })
        return task
      }),
    },
    snapshot: snapshotRoutes(world, { find, may, screenshot }),
    stage: {
      get: on.stage.get.handler(() => world.stage()),
      watch: on.stage.watch.handler(({ signal }) => world.stageEvents.stream([world.stage()], signal)),
      up: on.stage.up.handler(async () => {
        for (const guest of world.guests) if (answerFor(guest, 'start').allowed && world.steps.length === 0) world.start(guest)
        if (world.steps.length > 0 && world.stageStatus !== 'working') await playFirstRun(world, 2)
        return world.stage()
      }),
      cancel: on.stage.cancel.handler(() => {
        world.stageStatus = 'cancelled'
        return world.stage()
      }),
      down: on.stage.down.handler(() => {
        for (const guest of world.guests) if (answerFor(guest, 'stop').allowed) world.stop(guest, false)
        return world.stage()
      }),
      ...stageSnapshotRoutes(world, { find, may, screenshot }),
    },
    web: {
      probe: on.web.probe.handler(() => []),
      matrix: on.web.matrix.handler(({ input }) => matrixOf(world, input.path)),
      watch: on.web.watch.handler(({ input, signal }) => world.matrixEvents.stream([matrixOf(world, input.path)], signal)),
      evidence: on.web.evidence.handler(({ input }) => {
        const guest = world.find(input.from)
        return { ...evidenceOf(world, input.from, input.to, input.path), screenshot: guest === undefined ? null : screenshot(guest) }
      }),
    },
  })
}
