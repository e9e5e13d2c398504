import { describe, expect, it } from 'vitest'
import type { GuestMeter } from '../../src/contract/host.ts'
import { GuestName } from '../../src/contract/names.ts'
import { measuredDetail, measuredWords } from './measured.ts'

const meter: GuestMeter = {
  guest: GuestName.parse('linux'),
  cpuPercent: 46.4,
  throttledPercent: 0,
  cpuSharePercent: 61,
  vcpusPlugged: 2,
  vcpusOnline: 1,
  residentMiB: 480,
  actualMiB: 512,
  guestUsedMiB: 392,
  guestTotalMiB: 488,
  guestAvailableMiB: 96,
  diskReadBytesPerSecond: 1_000_000,
  diskWriteBytesPerSecond: 200_000,
  diskReadsPerSecond: 12,
  diskWritesPerSecond: 3.4,
  txBitsPerSecond: 2_000,
  rxBitsPerSecond: 1_000_000,
}

describe('what is measured beside a slider', () => {
  it('tells machine and guest apart', () => {
    expect(measuredWords('vcpus', meter)).toBe('1 of 2 online')
    expect(measuredWords('vcpus', { ...meter, vcpusOnline: null })).toBe('2 plugged')
    expect(measuredDetail('memory', meter)).toBe("96 MiB available in it, 512 MiB given, 480 MiB of the host's")
  })

  it('says when a cap bites', () => {
    expect(measuredWords('cpuCap', meter)).toBe('46 %')
    expect(measuredWords('cpuCap', { ...meter, throttledPercent: 34 })).toBe('46 %, held back')
    expect(measuredDetail('cpuCap', { ...meter, throttledPercent: 34 })).toBe('held back 34 % of the time')
  })

  it('adds both directions of disk and link', () => {
    expect(measuredWords('diskIops', meter)).toBe('15 IO/s')
    expect(measuredWords('diskBandwidth', meter)).toBe('1.2 MB/s')
    expect(measuredWords('linkBandwidth', meter)).toBe('1.0 Mbit/s')
  })

  it('makes nothing up while a guest is off or does not tell', () => {
    expect(measuredWords('memory', undefined)).toBe('–')
    expect(measuredWords('cpuWeight', { ...meter, cpuSharePercent: null })).toBe('not told')
    expect(measuredWords('memory', { ...meter, guestUsedMiB: null })).toBe('480 MiB of host')
  })
})
