import type { MachineEvent, MachineStatus } from '../engine.ts'
import { asNumber, asObject, asString } from './json.ts'
import type { QmpEvent } from './qmp-session.ts'

/** QMP's event in the engine's words, or null for those nobody needs (QEMU, qapi/*.json, "Event"). */
export function machineEvent({ name, data }: QmpEvent): MachineEvent | null {
  switch (name) {
    case 'STOP':
      return { type: 'paused' }
    case 'RESUME':
      return { type: 'resumed' }
    case 'RESET':
      return { type: 'reset' }
    case 'POWERDOWN':
      return { type: 'powering-down' }
    case 'VSERPORT_CHANGE':
      return data['id'] === 'agent0' ? { type: 'agent', open: data['open'] === true } : null
    case 'BALLOON_CHANGE':
      return { type: 'balloon', actualMiB: mebibytes(asNumber(data['actual']) ?? 0) }
    case 'BLOCK_IO_ERROR':
      return { type: 'disk-fault', text: diskFault(data['nospace'] === true, asString(data['reason']) ?? 'no reason given', data['action'] === 'stop'), paused: data['action'] === 'stop' }
    case 'GUEST_PANICKED':
      return { type: 'fault', text: 'The guest reported a kernel panic.' }
    case 'MEMORY_FAILURE':
      return { type: 'fault', text: 'The host reported a memory failure in this guest.' }
    case 'NETDEV_STREAM_DISCONNECTED':
      return data['netdev-id'] === 'n0' ? { type: 'fault', text: 'The connection to the network switch was lost.' } : null
    default:
      return null
  }
}

/** Why QEMU shuts down, from SHUTDOWN's reason (qapi/run-state.json, ShutdownCause); null for another event. */
export function shutdownReason({ name, data }: QmpEvent): string | null {
  if (name !== 'SHUTDOWN') return null
  const reason = asString(data['reason']) ?? 'unknown'
  return shutdownWords[reason] ?? `QEMU shut down (${reason}).`
}

const shutdownWords: Readonly<Record<string, string>> = {
  'host-qmp-quit': 'Ended by Diptych.',
  'host-qmp-system-reset': 'Reset by Diptych.',
  'host-signal': 'QEMU was told to end by a signal.',
  'host-ui': 'Ended from the screen connection.',
  'guest-shutdown': 'The guest shut down.',
  'guest-reset': 'The guest restarted.',
  'guest-panic': 'The guest stopped after a kernel panic.',
  'subsystem-reset': 'A device asked for a reset.',
}

/** RunState (qapi/run-state.json) in the engine's words. `io-error` is a pause: the guest goes on once there is room. */
export function machineStatus(runState: string): MachineStatus {
  switch (runState) {
    case 'running':
      return 'running'
    case 'inmigrate':
    case 'prelaunch':
    case 'preconfig':
      return 'starting'
    case 'shutdown':
      return 'shutdown'
    case 'guest-panicked':
    case 'internal-error':
    case 'watchdog':
      return 'crashed'
    default:
      return 'paused'
  }
}

/** Counters over all drives: `query-blockstats` (qapi/block-core.json, BlockDeviceStats). */
export function diskCounters(answer: unknown): { readBytes: number; writeBytes: number; reads: number; writes: number } {
  const drives = Array.isArray(answer) ? answer.map((drive) => asObject(asObject(drive)['stats'])) : []
  const sum = (key: string) => drives.reduce((total, stats) => total + (asNumber(stats[key]) ?? 0), 0)
  return { readBytes: sum('rd_bytes'), writeBytes: sum('wr_bytes'), reads: sum('rd_operations'), writes: sum('wr_operations') }
}

export function mebibytes(bytes: number): number {
  return Math.round(bytes / 1048576)
}

function diskFault(noSpace: boolean, reason: string, stopped: boolean): string {
  const cause = noSpace ? 'The host ran out of space for the guest’s disk' : `The guest’s disk could not be read or written (${reason})`
  return stopped ? `${cause}; the guest is paused. Make room, then resume it.` : `${cause}.`
}
