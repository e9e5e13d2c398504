import type { GuestUpdate } from '../../src/contract/guest.ts'
import type { GuestName } from '../../src/contract/names.ts'
import type { GuestRegistry } from '../guest-registry.ts'
import type { HostParts } from '../host-parts.ts'
import { base } from './base.ts'

export function guestRoutes({ guests, mixer, agents, saved, readLog }: Pick<HostParts, 'guests' | 'mixer' | 'agents' | 'saved' | 'readLog'>) {
  const { guest } = base
  const lifecycle = async (name: GuestName, action: 'pause' | 'resume' | 'reset') => {
    const owner = guests.get(name)
    const outcome = await owner.request(action)
    return { outcome, guest: owner.current() }
  }
  return {
    list: guest.list.handler(() => listed(guests)),
    get: guest.get.handler(({ input }) => guests.get(input.name).current()),
    watch: guest.watch.handler(({ signal }) => guests.events.subscribe([{ type: 'listed', guests: listed(guests) }], signal)),
    start: guest.start.handler(async ({ input }) => {
      const owner = guests.get(input.name)
      mixer.demandStart(input.name, input.force)
      const outcome = await owner.request('start', { boot: input.boot })
      return { outcome, guest: owner.current() }
    }),
    stop: guest.stop.handler(async ({ input }) => {
      const owner = guests.get(input.name)
      const outcome = await owner.request(input.mode === 'force' ? 'forceStop' : 'stop', { timeoutMs: input.timeoutMs })
      return { outcome, guest: owner.current() }
    }),
    restart: guest.restart.handler(async ({ input }) => {
      const owner = guests.get(input.name)
      const outcome = await owner.request('restart', { timeoutMs: input.timeoutMs })
      return { outcome, guest: owner.current() }
    }),
    suspend: guest.suspend.handler(async ({ input, signal }) => {
      const outcome = await saved.suspending.suspend(guests.get(input.name).definition.name, signal)
      return { outcome, guest: guests.get(input.name).current() }
    }),
    pause: guest.pause.handler(({ input }) => lifecycle(input.name, 'pause')),
    resume: guest.resume.handler(({ input }) => lifecycle(input.name, 'resume')),
    reset: guest.reset.handler(({ input }) => lifecycle(input.name, 'reset')),
    set: guest.set.handler(async ({ input }) => {
      const owner = guests.get(input.name)
      const results = await owner.setControls(input.change, input.waitMs, { force: input.force })
      return { results, guest: owner.current() }
    }),
    crossfade: guest.crossfade.handler(({ input }) => mixer.crossfade(input)),
    setPolicies: guest.setPolicies.handler(({ input }) => mixer.setPolicies(input.name, input.policies)),
    activity: guest.activity.handler(({ input }) => mixer.activity(input.name, input.limit)),
    setClipboard: guest.setClipboard.handler(async ({ input }) => {
      const owner = guests.get(input.name)
      await owner.setClipboard(input.mode)
      return owner.current()
    }),
    sendKeys: guest.sendKeys.handler(async ({ input }) => {
      await guests.get(input.name).demandMachine('sendKeys').sendKeys(input.keys, input.holdMs)
      return {}
    }),
    screenshot: guest.screenshot.handler(async ({ input }) => {
      const { png, width, height } = await guests.get(input.name).demandMachine('screenshot').screenshot()
      return { png: Buffer.from(png).toString('base64'), width, height }
    }),
    exec: guest.exec.handler(({ input }) => agents.exec(input.name, input.path, input.args, input.timeoutMs)),
    inspect: guest.inspect.handler(({ input }) => agents.inspect(input.name)),
    copyIn: guest.copyIn.handler(({ input, signal }) => agents.copyIn(input, signal)),
    copyOut: guest.copyOut.handler(({ input, signal }) => agents.copyOut(input, signal)),
    logs: guest.logs.handler(({ input }) => readLog(input.name, input.source, input.lines)),
  }
}

function listed(guests: GuestRegistry): GuestUpdate[] {
  return guests.all().map((owner) => owner.current())
}
