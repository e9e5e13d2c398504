import type { GuestView } from '../src/contract/guest.ts'
import type { HostBudget } from '../src/contract/host.ts'
import type { PortMeter } from '../src/contract/network.ts'
import type { BalloonReading, Machine, MachineUsage } from '../src/engine/engine.ts'
import { expose, type Family, type Sample } from '../src/resource/exposition.ts'

export interface MetricsPorts {
  readonly version: string
  guests(): { readonly view: GuestView; readonly machine: Machine | null }[]
  /** The guest's memory as it was last read. */
  memory(guest: GuestView['name']): BalloonReading | null
  ports(): readonly PortMeter[]
  budget(): HostBudget
}

interface Scraped {
  readonly view: GuestView
  readonly usage: MachineUsage | null
  readonly memory: BalloonReading | null
}

const mebibyte = 1_048_576

/** Everything the host measures, in Prometheus's text format; read when it is asked for. */
export async function scrape(ports: MetricsPorts): Promise<string> {
  const guests = await Promise.all(
    ports.guests().map(async ({ view, machine }): Promise<Scraped> => {
      const usage = await (machine?.usage().catch(() => null) ?? null) // it may end just now
      return { view, usage, memory: machine === null ? null : ports.memory(view.name) }
    }),
  )
  return expose([
    { name: 'diptych_build_info', type: 'gauge', help: 'The version of Diptych that answers; always 1.', samples: [{ labels: { version: ports.version }, value: 1 }] },
    { name: 'diptych_guest_state', type: 'gauge', help: 'The state each guest is in; 1 for that state.', samples: guests.map(({ view }) => ({ labels: { guest: view.name, state: view.state }, value: 1 })) },
    ...usageFamilies(guests),
    ...memoryFamilies(guests),
    ...controlFamilies(guests),
    ...networkFamilies(ports.ports()),
    ...budgetFamilies(ports.budget()),
  ])
}

function usageFamilies(guests: readonly Scraped[]): Family[] {
  const counter = (name: string, help: string, value: (usage: MachineUsage) => number | null): Family => ({ name: `diptych_guest_${name}`, type: 'counter', help, samples: of(guests, ({ usage }) => (usage === null ? null : value(usage))) })
  return [
    counter('cpu_seconds_total', 'CPU time of the guest\u2019s machine process.', ({ cpuMs }) => cpuMs / 1_000),
    counter('cpu_throttled_seconds_total', 'Time its CPU cap has held the machine\u2019s threads back, all together.', ({ throttledMs }) => (throttledMs === null ? null : throttledMs / 1_000)),
    counter('disk_read_bytes_total', 'Bytes read by the guest from its disks.', ({ diskReadBytes }) => diskReadBytes),
    counter('disk_written_bytes_total', 'Bytes written by the guest to its disks.', ({ diskWriteBytes }) => diskWriteBytes),
    counter('disk_reads_completed_total', 'Read operations of the guest.', ({ diskReads }) => diskReads),
    counter('disk_writes_completed_total', 'Write operations of the guest.', ({ diskWrites }) => diskWrites),
  ]
}

function memoryFamilies(guests: readonly Scraped[]): Family[] {
  const gauge = (name: string, help: string, mebibytes: (guest: Scraped) => number | null): Family => ({
    name: `diptych_guest_memory_${name}`,
    type: 'gauge',
    help,
    samples: of(guests, (guest) => {
      const value = mebibytes(guest)
      return value === null ? null : value * mebibyte
    }),
  })
  return [
    gauge('resident_bytes', 'Memory of the host that the machine process occupies.', ({ usage }) => usage?.residentMiB ?? null),
    gauge('actual_bytes', 'Memory the guest may use: its boot memory less the balloon, and what was added.', ({ memory }) => memory?.actualMiB ?? null),
    gauge('total_bytes', 'Memory the guest says it has.', ({ memory }) => memory?.guestTotalMiB ?? null),
    gauge('available_bytes', 'Memory the guest says it could use without swapping.', ({ memory }) => memory?.guestAvailableMiB ?? null),
  ]
}

/** Units as in the contract: vCPUs, percent of a CPU, weight, MiB, operations, bytes and bits per second. No sample: no limit. */
function controlFamilies(guests: readonly Scraped[]): Family[] {
  const family = (which: 'requested' | 'effective'): Family => ({
    name: `diptych_guest_control_${which}`,
    type: 'gauge',
    help: `What each slider of the guest ${which === 'requested' ? 'was asked to be' : 'has in force'}, in the slider\u2019s own unit; none while it is unlimited.`,
    samples: guests.flatMap(({ view }) =>
      Object.values(view.controls).flatMap((control): Sample[] => {
        const value = control[which]
        return value === null ? [] : [{ labels: { guest: view.name, control: control.name, unit: control.unit }, value }]
      }),
    ),
  })
  return [family('requested'), family('effective')]
}

function networkFamilies(ports: readonly PortMeter[]): Family[] {
  const counter = (name: string, help: string, value: (port: PortMeter) => number): Family => ({
    name: `diptych_guest_network_${name}`,
    type: 'counter',
    help,
    samples: ports.map((port) => ({ labels: { guest: port.guest, network: port.network }, value: value(port) })),
  })
  return [
    counter('transmit_bytes_total', 'Bytes the guest sent to the switch.', (port) => port.txBytes),
    counter('receive_bytes_total', 'Bytes the switch sent to the guest.', (port) => port.rxBytes),
    counter('drops_total', 'Frames the switch dropped at the guest\u2019s port.', (port) => port.drops),
  ]
}

function budgetFamilies({ memory, cpu }: HostBudget): Family[] {
  const gauge = (name: string, help: string, value: number): Family => ({ name: `diptych_host_${name}`, type: 'gauge', help, samples: [{ labels: {}, value }] })
  return [
    gauge('memory_limit_bytes', 'Memory of this computer that may be promised to guests.', memory.limit * mebibyte),
    gauge('memory_promised_bytes', 'Memory promised to running guests.', memory.promised * mebibyte),
    gauge('memory_used_bytes', 'Memory of this computer in use, by everything.', memory.inUse * mebibyte),
    gauge('cpu_limit_ratio', 'CPUs of this computer.', cpu.limit / 100),
    gauge('cpu_promised_ratio', 'CPUs promised to running guests.', cpu.promised / 100),
    gauge('cpu_used_ratio', 'CPUs of this computer in use, by everything.', cpu.inUse / 100),
  ]
}

function of(guests: readonly Scraped[], value: (guest: Scraped) => number | null): Sample[] {
  return guests.flatMap((guest) => {
    const found = value(guest)
    return found === null ? [] : [{ labels: { guest: guest.view.name }, value: found }]
  })
}
