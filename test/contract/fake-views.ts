import type { Control, ControlName } from '../../src/contract/control.ts'
import { GuestAction, type GuestView } from '../../src/contract/guest.ts'
import type { HostBudget, HostInfo, HostMeter } from '../../src/contract/host.ts'
import { type LinkPreset, unshaped } from '../../src/contract/link.ts'
import { GuestName, MacAddress } from '../../src/contract/names.ts'
import type { NetworkView } from '../../src/contract/network.ts'
import { SnapshotId, type SnapshotView } from '../../src/contract/snapshot.ts'
import type { StageSnapshotView } from '../../src/contract/stage.ts'
import type { WebMatrix } from '../../src/contract/web.ts'

/** Plain values in the contract's shapes, as a host with two guests would give them. */

const plainLink = { tx: unshaped, rx: unshaped }

export const fakePresets: readonly LinkPreset[] = [
  { name: 'unshaped', title: 'Unshaped', up: true, ...plainLink },
  { name: 'dsl', title: 'DSL', up: true, tx: { ...unshaped, bitsPerSecond: 10_000_000, latencyMs: 12 }, rx: { ...unshaped, bitsPerSecond: 50_000_000, latencyMs: 12 } },
]

const at = '2026-01-01T00:00:00.000Z'

function control(name: ControlName, unit: Control['unit'], value: number | null, minimum: number, maximum: number): Control {
  return {
    name, unit, minimum, maximum,
    requested: value, effective: value, step: 1, unlimited: value === null, marks: [],
    applies: 'live', reason: null, status: 'settled', note: null,
  }
}

export function fakeGuest(name: string, state: GuestView['state']): GuestView {
  const running = state === 'running'
  const answers = GuestAction.options.map((action) => {
    const allowed = action === 'start' ? !running : running
    return [action, { allowed, reason: allowed ? null : `${name} is ${state}` }] as const
  })
  return {
    name: GuestName.parse(name),
    title: name === 'linux' ? 'Linux' : 'Windows stand-in (Wine)',
    kind: name === 'linux' ? 'linux' : 'windows-stand-in',
    state,
    detail: null,
    stopDeadline: null,
    agent: running ? 'live' : 'absent',
    boot: running ? 'warm' : null,
    startedAt: running ? at : null,
    milestones: { runningMs: running ? 210 : null, screenLiveMs: null, addressMs: null, agentMs: null, webAnsweringMs: running ? 440 : null },
    os: { name: 'Debian GNU/Linux', version: '12', hostName: name, source: 'definition' },
    network: {
      mac: MacAddress.parse(name === 'linux' ? '52:54:00:d1:00:01' : '52:54:00:d1:00:02'),
      dnsName: `${name}.diptych.internal`,
      ipv4: running ? '10.77.0.2' : null,
      ipv6: null,
      linkUp: true,
      link: { requested: plainLink, effective: plainLink, preset: 'unshaped' },
    },
    screen: { available: running, reason: running ? null : 'not running', size: { width: 1280, height: 800 } },
    clipboard: 'off',
    vcpus: 1,
    controls: {
      vcpus: control('vcpus', 'vCPU', 1, 1, 4),
      cpuCap: control('cpuCap', 'percent', null, 5, 200),
      cpuWeight: control('cpuWeight', 'weight', 100, 10, 1_000),
      memory: control('memory', 'MiB', 512, 256, 512),
      diskIops: control('diskIops', 'IO/s', null, 10, 100_000),
      diskBandwidth: control('diskBandwidth', 'B/s', null, 100_000, 10_000_000_000),
      linkBandwidth: control('linkBandwidth', 'bit/s', null, 64_000, 10_000_000_000),
    },
    priority: 'normal',
    policies: {},
    actions: Object.fromEntries(answers) as GuestView['actions'], // every action is in the list it is made from
  }
}

export const fakeHostInfo: HostInfo = {
  version: '0.1.0', node: '20.20.2', platform: 'linux', qemu: '7.2.22',
  accelerator: { kind: 'tcg', reason: 'there is no /dev/kvm' },
  cpus: 2, memoryMiB: 24_000, dataDirectory: '/tmp/diptych/data',
  cpuCap: { available: true, reason: 'cgroup v2' },
  processId: 4711, startedAt: at,
}

export const fakeNetwork: NetworkView = {
  running: true, reason: null, domain: 'diptych.internal', subnet: '10.77.0.0/24', gateway: '10.77.0.1', ports: [], networks: [], uplinks: [], publications: [], captures: [],
}

/** Every pair answers 200, but `windows` answers nobody. */
export function fakeMatrix(names: readonly string[], path: string): WebMatrix {
  const parties = names.map((name) => ({ name: GuestName.parse(name), title: name, kind: name === 'host' ? ('host' as const) : ('guest' as const) }))
  const cells = parties.flatMap(({ name: from }) =>
    parties
      .filter(({ name }) => name !== from)
      .map(({ name: to }) => {
        const status = to === 'windows' ? 0 : 200
        const error = status === 0 ? 'connection refused' : null
        return { from, to, checking: false, probe: { from, to, url: `http://${to}.diptych.internal${path}`, status, milliseconds: 12, title: error === null ? 'Linux' : null, server: null, bytes: 900, error, evidence: 'agent' as const, method: 'diptych-guest', at } }
      }),
  )
  return { path, intervalMs: 15_000, parties, cells }
}

export const fakeBudget: HostBudget = {
  memory: { total: 24_000, reserve: 4_800, limit: 19_200, promised: 1_024, inUse: 4_000, free: 18_176, guests: [] },
  cpu: { total: 200, reserve: 0, limit: 200, promised: 200, inUse: 30, free: 0, guests: [] },
}

export function fakeMeter(cpuPercent: number): HostMeter {
  return { at, cpuPercent, memoryUsedMiB: 4_000, memoryTotalMiB: 24_000, promisedMiB: 1_024, budget: fakeBudget, guests: [] }
}

const snapshotId = SnapshotId.parse('0123456789ab')

export function fakeSnapshot(title: string): SnapshotView {
  return { id: snapshotId, parent: null, kind: 'live', title, takenAt: at, memoryBytes: 1 << 27, diskBytes: 1 << 20, pausedMs: 200, consistent: true, thumbnail: null, stage: null, unusable: null, diskUsable: true }
}

export function fakeStageSnapshot(title: string): StageSnapshotView {
  return { id: snapshotId, title, takenAt: at, parts: [{ guest: GuestName.parse('linux'), snapshot: snapshotId, kind: 'live', place: 'guest', trash: null }], skewMs: 1, pausedMs: 200, bytes: 5 << 20, unusable: null }
}
