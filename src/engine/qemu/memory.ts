import type { BalloonReading } from '../engine.ts'
import { asNumber, asObject, type Json } from './json.ts'
import { mebibytes } from './machine-event.ts'
import type { QmpSession } from './qmp-session.ts'

/** What `qom-get` needs: the paths of the devices named on the command line. */
export const balloonPath = '/machine/peripheral/balloon0'
export const growthPath = '/machine/peripheral/growth0'

/** virtio-mem takes and gives multiples of this. */
export const growthBlockMiB = 2

export interface MemoryDevices {
  /** What the machine was started with. */
  readonly bootMiB: number
  /** false for a live clone, whose memory is not its own to give back. */
  readonly hasBalloon: boolean
  /** Whether it has a virtio-mem device, for memory above that. */
  readonly canGrow: boolean
  /** Whether the guest goes on counting ballooned pages as memory of its own, which is the price of deflate-on-oom. */
  readonly countsBallooned: boolean
}

/**
 * The machine's memory and, where the guest's balloon driver reports them, its statistics (QEMU,
 * docs/virtio-balloon-stats.txt: values it does not report are -1, written as 2^64-1).
 */
export async function readMemory(qmp: QmpSession, devices: MemoryDevices): Promise<BalloonReading> {
  const [balloon, stats, grown] = await Promise.all([
    devices.hasBalloon ? qmp.execute('query-balloon') : { actual: devices.bootMiB * 1048576 },
    qmp.execute('qom-get', { path: balloonPath, property: 'guest-stats' }).catch(() => null),
    devices.canGrow ? qmp.execute('qom-get', { path: growthPath, property: 'size' }).catch(() => 0) : 0,
  ])
  const values = asObject(asObject(stats)['stats'])
  const balloonMiB = mebibytes(asNumber(asObject(balloon)['actual']) ?? 0)
  const ballooned = devices.countsBallooned ? Math.max(0, devices.bootMiB - balloonMiB) : 0
  const total = reported(values['stat-total-memory'])
  return {
    actualMiB: balloonMiB + mebibytes(asNumber(grown) ?? 0),
    guestTotalMiB: total === null ? null : Math.max(0, total - ballooned),
    guestAvailableMiB: reported(values['stat-available-memory']),
    swappedInBytes: counter(values['stat-swap-in']),
  }
}

/** Up to the boot memory the balloon decides; what lies above it is asked of virtio-mem. The guest follows in its own time. */
export async function askForMemory(qmp: QmpSession, devices: MemoryDevices, targetMiB: number): Promise<void> {
  const balloonMiB = Math.min(devices.bootMiB, Math.max(16, Math.round(targetMiB)))
  const growthMiB = Math.max(0, Math.floor((targetMiB - devices.bootMiB) / growthBlockMiB) * growthBlockMiB)
  await Promise.all([
    devices.hasBalloon || balloonMiB < devices.bootMiB ? qmp.execute('balloon', { value: balloonMiB * 1048576 }) : null,
    devices.canGrow ? qmp.execute('qom-set', { path: growthPath, property: 'requested-size', value: growthMiB * 1048576 }) : null,
  ])
}

function reported(value: Json | undefined): number | null {
  const bytes = counter(value)
  return bytes === null || bytes <= 0 ? null : mebibytes(bytes)
}

function counter(value: Json | undefined): number | null {
  const bytes = asNumber(value)
  return bytes === null || bytes < 0 || bytes >= 2 ** 60 ? null : bytes
}
