import { presets } from './presets.ts'
import type { Control, ControlName, Mark } from '../../../src/contract/control.ts'
import type { ActionAnswer, AgentState, GuestAction, GuestKind, GuestState, GuestUpdate, GuestView } from '../../../src/contract/guest.ts'
import { howToInstallAgent } from '../../../src/contract/guest-agent.ts'
import { type LinkShape, type LinkView, unshaped } from '../../../src/contract/link.ts'
import { GuestName, MacAddress } from '../../../src/contract/names.ts'

/** What the fake knows of one guest; its view is made from it. */
export interface FakeGuest {
  readonly name: GuestName
  readonly title: string
  readonly kind: GuestKind
  readonly index: number
  state: GuestState
  detail: string | null
  stopDeadline: string | null
  agent: AgentState
  boot: 'cold' | 'warm' | 'restored' | null
  linkUp: boolean
  link: LinkShape
  clipboard: GuestView['clipboard']
  controls: Record<ControlName, Control>
  priority: GuestView['priority']
  policies: GuestView['policies']
  generation: number
}

const allowedIn: Record<GuestAction, readonly GuestState[]> = {
  start: ['defined', 'stopped', 'failed', 'suspended'],
  stop: ['running', 'paused', 'starting'],
  forceStop: ['starting', 'running', 'paused', 'suspending', 'stopping'],
  pause: ['running'],
  resume: ['paused'],
  restart: ['running'],
  suspend: ['running', 'paused'],
  reset: ['running', 'paused'],
  snapshot: ['running', 'paused', 'stopped', 'failed'],
  restore: ['defined', 'running', 'paused', 'stopped', 'suspended', 'failed'],
  set: ['defined', 'starting', 'running', 'paused', 'suspended', 'stopped'],
  sendKeys: ['starting', 'running'],
  screenshot: ['starting', 'running', 'paused', 'stopping'],
  exec: ['running'],
}

export function answerFor(guest: FakeGuest, action: GuestAction): ActionAnswer {
  const allowed = allowedIn[action].includes(guest.state)
  if (allowed && action === 'exec' && guest.agent !== 'live') return { allowed: false, reason: `The guest agent does not answer. Wait until the guest is up. ${howToInstallAgent(guest.kind)}` }
  return { allowed, reason: allowed ? null : `The guest is ${guest.state}; this needs it to be ${allowedIn[action].join(' or ')}.` }
}

export function updateOf(guest: FakeGuest): GuestUpdate {
  const on = ['starting', 'running', 'paused', 'suspending', 'stopping'].includes(guest.state)
  const actions = Object.fromEntries(Object.keys(allowedIn).map((action) => [action, answerFor(guest, action as GuestAction)])) as GuestView['actions']
  return {
    generation: guest.generation,
    view: {
      name: guest.name,
      title: guest.title,
      kind: guest.kind,
      state: guest.state,
      detail: guest.detail,
      stopDeadline: guest.stopDeadline,
      agent: guest.agent,
      boot: on ? guest.boot : null,
      startedAt: on ? new Date().toISOString() : null,
      milestones: { runningMs: 180, screenLiveMs: 420, addressMs: 600, agentMs: 700, webAnsweringMs: 900 },
      os: { name: guest.kind === 'linux' ? 'Debian GNU/Linux' : 'Wine on Debian GNU/Linux', version: '12', hostName: guest.name, source: 'agent' },
      network: {
        mac: MacAddress.parse(`52:54:00:d1:00:0${guest.index + 1}`),
        dnsName: `${guest.name}.diptych.internal`,
        ipv4: guest.state === 'running' || guest.state === 'paused' ? `10.77.0.${guest.index + 11}` : null,
        ipv6: null,
        linkUp: guest.linkUp,
        link: linkViewOf(guest),
      },
      screen: { available: on, reason: on ? null : 'The guest is off.', size: { width: 1280, height: 800 } },
      clipboard: guest.clipboard,
      vcpus: 2,
      controls: structuredClone(guest.controls),
      priority: guest.priority,
      policies: guest.policies,
      actions,
    },
  }
}

function linkViewOf(guest: FakeGuest): LinkView {
  const preset = presets.find((each) => each.up === guest.linkUp && JSON.stringify([each.tx, each.rx]) === JSON.stringify([guest.link.tx, guest.link.rx]))
  return { requested: structuredClone(guest.link), effective: structuredClone(guest.link), preset: preset?.name ?? null }
}

export function makeGuest(name: string, title: string, kind: GuestKind, index: number): FakeGuest {
  return {
    name: GuestName.parse(name),
    title,
    kind,
    index,
    state: 'running',
    detail: null,
    stopDeadline: null,
    agent: 'live',
    boot: 'warm',
    linkUp: true,
    link: { tx: unshaped, rx: unshaped },
    clipboard: 'off',
    controls: {
      vcpus: control({ name: 'vcpus', requested: 1, minimum: 1, maximum: 4, step: 1, unlimited: false, unit: 'vCPU', marks: marks([1, 'boot', 'boot'], [4, 'most', 'maximum']) }),
      cpuCap: control({ name: 'cpuCap', requested: null, minimum: 10, maximum: 200, step: 5, unlimited: true, unit: 'percent', marks: marks([50, '50 %'], [100, '1 CPU'], [200, '2 CPUs']) }),
      memory: control({ name: 'memory', requested: 1024, minimum: 256, maximum: 2048, step: 64, unlimited: false, unit: 'MiB', marks: marks([512, '512 MiB'], [1024, '1 GiB'], [2048, '2 GiB']) }),
      cpuWeight: control({ name: 'cpuWeight', requested: 100, minimum: 1, maximum: 10_000, step: 1, unlimited: false, unit: 'weight', marks: marks([100, 'normal'], [1000, 'star']) }),
      diskIops: control({ name: 'diskIops', requested: null, minimum: 10, maximum: 100_000, step: 1, unlimited: true, unit: 'IO/s', marks: marks([100, '100'], [10_000, '10 k']) }),
      diskBandwidth: control({ name: 'diskBandwidth', requested: null, minimum: 1e5, maximum: 1e10, step: 1, unlimited: true, unit: 'B/s', marks: marks([1e6, '1 MB/s'], [1e9, '1 GB/s']) }),
      linkBandwidth: control({
        name: 'linkBandwidth',
        requested: null,
        minimum: 1e6,
        maximum: 1e10,
        step: 1,
        unlimited: true,
        unit: 'bit/s',
        marks: marks([1e6, '1 M'], [1e7, '10 M'], [1e8, '100 M'], [1e9, '1 G'], [1e10, '10 G']),
      }),
    },
    priority: 'normal',
    policies: {},
    generation: 1,
  }
}

type Given = Pick<Control, 'name' | 'requested' | 'minimum' | 'maximum' | 'step' | 'unlimited' | 'unit' | 'marks'>

function control(given: Given): Control {
  return { ...given, effective: given.requested, applies: 'live', reason: null, status: 'settled', note: null }
}

function marks(...marks: readonly (readonly [number, string, Mark['kind']?])[]): Mark[] {
  return marks.map(([value, label, kind = 'guide']) => ({ value, label, kind }))
}
