import type { BalloonReading } from '../engine.ts'
import { asNumber, asObject, type Json } from './json.ts'
import { mebibytes } from './machine-event.ts'
import type { QmpSession } from './qmp-session.ts'

/** What `qom-get` needs: the path of the balloon device named on the command line. */
export const balloonPath = '/machine/peripheral/balloon0'

/**
 * The balloon's size and, where the guest's driver reports them, its memory statistics (QEMU,
 * docs/virtio-balloon-stats.txt: values it does not report are -1, written as 2^64-1).
 */
export async function readBalloon(qmp: QmpSession): Promise<BalloonReading> {
  const [balloon, stats] = await Promise.all([
    qmp.execute('query-balloon'),
    qmp.execute('qom-get', { path: balloonPath, property: 'guest-stats' }).catch(() => null),
  ])
  const values = asObject(asObject(stats)['stats'])
  return {
    actualMiB: mebibytes(asNumber(asObject(balloon)['actual']) ?? 0),
    guestTotalMiB: reported(values['stat-total-memory']),
    guestAvailableMiB: reported(values['stat-available-memory']),
  }
}

function reported(value: Json | undefined): number | null {
  const bytes = asNumber(value)
  return bytes === null || bytes <= 0 || bytes >= 2 ** 60 ? null : mebibytes(bytes)
}
