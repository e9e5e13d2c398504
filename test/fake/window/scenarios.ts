import { GuestName } from '../../../src/contract/names.ts'
import { FakeHost } from './connection.ts'
import { playFirstRun, waitingSteps } from './first-run.ts'
import { type FakeGuest, makeGuest } from './views.ts'
import { World } from './world.ts'

const linux = () => makeGuest('linux', 'Linux', 'linux', 0)
const standIn = () => makeGuest('windows', '', 'windows-stand-in', 1)

/** Situations the window must look right in, by the name given as `?scenario=`. */
export const scenarios: Record<string, () => FakeHost> = {
  running: () => pair(),
  quiet: () => pair((world) => (world.traffic = false)),
  paused: () => pair((_, windows) => Object.assign(windows, { state: 'paused' })),
  stopped: () => pair((_, windows) => Object.assign(windows, { state: 'stopped', agent: 'absent' })),
  failed: () =>
    pair((world, windows) => {
      Object.assign(windows, { state: 'failed', agent: 'absent', detail: 'QEMU ended with "could not open disk image: no space left on device". Free some space in /home/person/.local/share/diptych, then start it again.' })
      world.say('error', 'windows failed: no space left on device', windows)
    }),
  starting: () => pair((_, windows) => Object.assign(windows, { state: 'stopping', detail: 'Asked the guest agent to shut down' })),
  silent: () => pair((world, windows) => {
    Object.assign(windows, { agent: 'silent' })
    world.say('warning', 'The guest agent of windows does not answer', windows)
  }),
  cut: () => pair((_, windows) => Object.assign(windows, { linkUp: false })),
  following: () =>
    pair((world, _, first) => {
      Object.assign(first.controls.memory, { requested: 448, effective: 448 })
      setTimeout(() => world.set(first, { memory: 2048 }), 1_400)
    }),
  sliders: () =>
    pair((_, windows, first) => {
      Object.assign(first.controls.memory, { requested: 1792, effective: 1024, status: 'following' })
      Object.assign(first.controls.linkBandwidth, { requested: 25e6, effective: 25e6 })
      Object.assign(first.controls.cpuCap, { requested: 75, effective: 75 })
      Object.assign(windows.controls.memory, { requested: 256, effective: 420, status: 'not-followed', note: 'The guest gave back all but 420 MiB; the rest is in use.' })
      Object.assign(windows.controls.cpuCap, { applies: 'unavailable', reason: 'CPU caps need a delegated cgroup; this session has none.' })
    }),
  tight: () => pair((_, __, first) => Object.assign(first.controls.memory, { budgetMaximum: 1536 })),
  over: () =>
    pair((_, windows, first) => {
      for (const guest of [first, windows]) {
        Object.assign(guest.controls.memory, { requested: 12_288, effective: 12_288, maximum: 16_384 })
        Object.assign(guest.controls.vcpus, { requested: 2, effective: 2 })
      }
    }),
  long: () =>
    host([
      makeGuest('linux', 'Debian GNU/Linux 12 “bookworm”, workstation of the accounting department', 'linux', 0),
      makeGuest('windows-for-the-accountants', '', 'windows-stand-in', 1),
    ]),
  one: () => host([linux()]),
  three: () => host([linux(), standIn(), makeGuest('router', 'OpenWrt router', 'other', 2)]),
  four: () => host([linux(), standIn(), makeGuest('router', 'OpenWrt router', 'other', 2), makeGuest('desk', 'Windows 11', 'windows', 3)]),
  library: () => {
    const guests = [
      linux(),
      standIn(),
      Object.assign(makeGuest('build-server', 'Debian 12, build server', 'linux', 2), { state: 'paused' }),
      Object.assign(makeGuest('accounting', 'Windows Server 2022, accounting department of the western region', 'windows', 3), { state: 'stopped', agent: 'absent' }),
      Object.assign(makeGuest('router', 'OpenWrt router', 'other', 4), { state: 'failed', agent: 'absent', detail: 'QEMU ended with "could not open disk image: no space left on device".' }),
      Object.assign(makeGuest('laptop', 'Fedora Workstation', 'linux', 5), { state: 'suspended', agent: 'absent' }),
    ]
    const made = host(guests)
    made.world.stageGuests = ['linux', 'windows']
    const { library, snapshots } = made.world
    const [first, , server, accounting] = guests
    if (first !== undefined && server !== undefined) {
      library.addTemplate(first, GuestName.parse('web-server'), 'Debian with a web server', 'live', { clones: [GuestName.parse('build-server')] })
      library.addTemplate(server, GuestName.parse('desktop'), 'Windows desktop, freshly installed', 'cold', { guestKind: 'windows', note: 'It was off when it was made: clones boot from its disk.' })
      for (const name of ['old-router', 'windows-2003']) library.throwAway(makeGuest(name, `The ${name} of last year`, 'other', 9), new Date('2026-11-20T09:12:00Z'))
      library.keepDisc('virtio-win-0.1.248.iso')
      library.keepDisc('debian-12.8.0-amd64-netinst, the copy with the drivers of our own laptops on it.iso', ['accounting', 'the snapshot “web server set up” of linux'])
      const at = (hour: number) => new Date(Date.UTC(2026, 10, 21, hour))
      const installed = snapshots.take(first.name, 'disk', 'freshly installed', null, at(9))
      snapshots.take(first.name, 'live', 'web server set up', null, at(11))
      snapshots.take(first.name, 'live', 'before the update of the whole system', null, at(13))
      snapshots.restored(first.name, installed.id)
      snapshots.take(first.name, 'live', 'with nginx instead', null, at(15))
      if (accounting !== undefined) snapshots.unfit(accounting.name, snapshots.take(accounting.name, 'live', 'on the old computer', null, at(8)).id, 'It was taken with another QEMU (7.0.0), on another processor, or by another version of Diptych.')
      const both = guests.slice(0, 2).map(({ name }) => ({ name, kind: 'live' as const }))
      snapshots.takeStage(both, 'Doors open: both desktops ready, nobody logged in, the pages of each other loaded')
      const broken = snapshots.takeStage(both, 'before the talk')
      snapshots.takeStage([{ name: first.name, kind: 'live' }, { name: GuestName.parse('windows'), kind: 'disk' }], 'after the update')
      const [part] = broken.parts
      if (part !== undefined) snapshots.delete(part.guest, part.snapshot)
    }
    made.world.tasks.show({ kind: 'import', title: 'Importing windows-xp.ova', guest: null, detail: 'converting disk 1 of 2', fraction: 0.42, expectedSeconds: 31 })
    made.world.tasks.show({ kind: 'snapshot', title: 'Taking the snapshot “before the update”', guest: guests[2]?.name ?? null, detail: 'copying memory', fraction: null, expectedSeconds: null })
    return made
  },
  firstrun: () =>
    firstRun((world) => {
      for (const [index, step] of world.steps.entries()) if (index < 1) Object.assign(step, { status: 'done', fraction: 1 })
      void playFirstRun(world, Number(new URLSearchParams(location.search).get('pace') ?? 40))
    }),
  idle: () => firstRun((world) => (world.stageStatus = 'idle')),
  stepfailed: () =>
    firstRun((world) => {
      world.stageStatus = 'failed'
      for (const [index, step] of world.steps.entries()) if (index < 2) Object.assign(step, { status: 'done', fraction: 1 })
      Object.assign(world.steps[2] ?? {}, { status: 'failed', detail: 'No space left on device while writing disk.qcow2.', remedy: 'Free at least 1.2 GiB in /home/person/.cache/diptych, then try again.' })
    }),
  reconnecting: () => {
    const made = pair()
    setTimeout(() => {
      made.refuse = 'the host went away'
      made.drop('the host went away')
    }, 1_500)
    return made
  },
  refused: () => {
    const made = pair()
    made.refuse = 'the host answered 403: the token of this window is no longer valid'
    return made
  },
}

function host(guests: FakeGuest[]): FakeHost {
  const world = new World(guests)
  world.say('info', 'Both guests run from their warm snapshot after 0.44 s')
  return new FakeHost(world)
}

function pair(adjust: (world: World, windows: FakeGuest, first: FakeGuest) => unknown = () => undefined): FakeHost {
  const first = linux()
  const windows = standIn()
  const made = host([first, windows])
  adjust(made.world, windows, first)
  return made
}

function firstRun(adjust: (world: World) => unknown): FakeHost {
  const guests = [linux(), standIn()]
  for (const guest of guests) Object.assign(guest, { state: 'defined', agent: 'absent' })
  const world = new World(guests)
  world.steps = waitingSteps()
  adjust(world)
  return new FakeHost(world)
}
