import type { Control, ControlName } from '../contract/control.ts'
import type { ControlReadings } from './readings.ts'

export const slowestLinkBitsPerSecond = 64_000
export const fastestLinkBitsPerSecond = 10_000_000_000

interface Rate {
  readonly name: Extract<ControlName, 'diskIops' | 'diskBandwidth' | 'linkBandwidth'>
  readonly unit: Control['unit']
  readonly minimum: number
  readonly maximum: number
  readonly guides: readonly (readonly [number, string])[]
}

/** Lower disk limits starve a guest: at ten operations a second a desktop takes minutes to open a window. */
const diskIops: Rate = { name: 'diskIops', unit: 'IO/s', minimum: 10, maximum: 100_000, guides: [[100, 'hard disk'], [10_000, 'SSD']] }
const diskBandwidth: Rate = { name: 'diskBandwidth', unit: 'B/s', minimum: 100_000, maximum: 10_000_000_000, guides: [[1_000_000, '1 MB/s'], [100_000_000, '100 MB/s']] }
const linkBandwidth: Rate = { name: 'linkBandwidth', unit: 'bit/s', minimum: slowestLinkBitsPerSecond, maximum: fastestLinkBitsPerSecond, guides: [[1_000_000, '1 Mbit/s'], [100_000_000, '100 Mbit/s']] }

export function rateControls({ running, requested, diskLimits, ...readings }: ControlReadings): Record<Rate['name'], Control> {
  const inForce = { diskIops: diskLimits?.iops ?? null, diskBandwidth: diskLimits?.bytesPerSecond ?? null, linkBandwidth: readings.linkBandwidth }
  const control = ({ name, unit, minimum, maximum, guides }: Rate): Control => ({
    name,
    requested: requested[name],
    effective: running ? inForce[name] : requested[name],
    minimum,
    maximum,
    step: 1,
    unlimited: true,
    unit,
    marks: guides.map(([value, label]) => ({ value, label, kind: 'guide' })),
    applies: running ? 'live' : 'next-boot',
    reason: null,
    status: !running || requested[name] === inForce[name] ? 'settled' : 'following',
    note: null,
  })
  return { diskIops: control(diskIops), diskBandwidth: control(diskBandwidth), linkBandwidth: control(linkBandwidth) }
}
