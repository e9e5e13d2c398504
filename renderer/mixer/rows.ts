import type { ControlName } from '../../src/contract/control.ts'
import type { History } from '../store/state.ts'

/** A slider in its order, and which live load is drawn beside it. */
export interface MixerRow {
  readonly control: ControlName
  readonly label: string
  readonly usage: keyof History | null
}

export const allRows: readonly MixerRow[] = [
  { control: 'vcpus', label: 'vCPUs', usage: null },
  { control: 'cpuCap', label: 'CPU cap', usage: 'cpuPercent' },
  { control: 'cpuWeight', label: 'CPU weight', usage: 'cpuShare' },
  { control: 'memory', label: 'Memory', usage: 'memoryMiB' },
  { control: 'diskIops', label: 'Disk IOPS', usage: 'diskOperations' },
  { control: 'diskBandwidth', label: 'Disk rate', usage: 'diskBytes' },
  { control: 'linkBandwidth', label: 'Link', usage: 'bitsPerSecond' },
]

/** The ones that stand below the screens. */
export const shortRows: readonly MixerRow[] = allRows.filter(({ control }) => ['cpuCap', 'memory', 'linkBandwidth'].includes(control))
