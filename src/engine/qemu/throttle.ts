import type { DiskLimits } from '../engine.ts'
import { asArray, asNumber, asObject, asString } from './json.ts'
import type { QmpSession } from './qmp-session.ts'

/** Members of one group share its limits (QEMU, docs/throttle.txt, "Applying I/O limits to groups of devices"). */
const group = 'disks'

interface ThrottledDisk {
  /** Path of the device that holds the disk. */
  readonly device: string
  readonly limits: DiskLimits
}

/** Holds all writable disks of the machine together to the limits; null lifts one. */
export async function limitDisks(qmp: QmpSession, limits: DiskLimits): Promise<DiskLimits> {
  for (const { device } of await readDisks(qmp)) {
    await qmp.execute('block_set_io_throttle', {
      id: device,
      bps: limits.bytesPerSecond ?? 0,
      bps_rd: 0,
      bps_wr: 0,
      iops: limits.iops ?? 0,
      iops_rd: 0,
      iops_wr: 0,
      group,
    })
  }
  return readDiskLimits(qmp)
}

/** What QEMU has in force. */
export async function readDiskLimits(qmp: QmpSession): Promise<DiskLimits> {
  const [first] = await readDisks(qmp)
  return first?.limits ?? { iops: null, bytesPerSecond: null }
}

async function readDisks(qmp: QmpSession): Promise<ThrottledDisk[]> {
  return asArray(await qmp.execute('query-block')).flatMap((entry) => {
    const block = asObject(entry)
    const device = asString(block['qdev'])
    const inserted = asObject(block['inserted'])
    // A disc drive's medium is read only; firmware flash is no device that was put in.
    if (device?.startsWith('/machine/peripheral/') !== true || block['removable'] === true || inserted['ro'] !== false) return []
    const limit = (key: string) => asNumber(inserted[key]) || null // 0 means none
    return [{ device, limits: { iops: limit('iops'), bytesPerSecond: limit('bps') } }]
  })
}
