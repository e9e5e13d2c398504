import type { ControlName } from '../../src/contract/control.ts'
import type { GuestMeter } from '../../src/contract/host.ts'
import { bitRate, byteCount, memory } from '../format.ts'

/** What is measured beside a slider, in words: on the host or by the guest itself, never the request read back. */
export function measuredWords(control: ControlName, meter: GuestMeter | undefined): string {
  if (meter === undefined) return '–'
  switch (control) {
    case 'vcpus':
      if (meter.vcpusPlugged === null) return 'not told'
      return meter.vcpusOnline === null ? `${meter.vcpusPlugged} plugged` : `${meter.vcpusOnline} of ${meter.vcpusPlugged} online`
    case 'cpuCap':
      return meter.throttledPercent === null || meter.throttledPercent < 0.5 ? percent(meter.cpuPercent) : `${percent(meter.cpuPercent)}, held back`
    case 'cpuWeight':
      return meter.cpuSharePercent === null ? 'not told' : `${percent(meter.cpuSharePercent)} of theirs`
    case 'memory':
      return meter.guestUsedMiB === null ? `${memory(meter.residentMiB)} of host` : `${memory(meter.guestUsedMiB)} used`
    case 'diskIops':
      return `${Math.round(meter.diskReadsPerSecond + meter.diskWritesPerSecond)} IO/s`
    case 'diskBandwidth':
      return `${byteCount(meter.diskReadBytesPerSecond + meter.diskWriteBytesPerSecond)}/s`
    case 'linkBandwidth':
      return bitRate(meter.txBitsPerSecond + meter.rxBitsPerSecond)
  }
}

/** The same at length, for the mixer's page. */
export function measuredDetail(control: ControlName, meter: GuestMeter | undefined): string | null {
  if (meter === undefined) return null
  switch (control) {
    case 'cpuCap':
      return meter.throttledPercent === null ? null : `held back ${percent(meter.throttledPercent)} of the time`
    case 'memory':
      return [
        meter.guestAvailableMiB === null ? null : `${memory(meter.guestAvailableMiB)} available in it`,
        meter.actualMiB === null ? null : `${memory(meter.actualMiB)} given`,
        `${memory(meter.residentMiB)} of the host's`,
      ]
        .filter((part) => part !== null)
        .join(', ')
    case 'diskIops':
      return `${Math.round(meter.diskReadsPerSecond)} reads, ${Math.round(meter.diskWritesPerSecond)} writes a second`
    case 'diskBandwidth':
      return `${byteCount(meter.diskReadBytesPerSecond)}/s read, ${byteCount(meter.diskWriteBytesPerSecond)}/s written`
    case 'linkBandwidth':
      return `${bitRate(meter.txBitsPerSecond)} sent, ${bitRate(meter.rxBitsPerSecond)} received`
    case 'vcpus':
    case 'cpuWeight':
      return null
  }
}

function percent(value: number): string {
  return `${value < 10 && value > 0 ? value.toFixed(1).replace(/\.0$/, '') : Math.round(value)} %`
}
