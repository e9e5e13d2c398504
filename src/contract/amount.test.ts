import { describe, expect, it } from 'vitest'
import { mebibytesInWords, rangeInWords, valueInWords } from './amount.ts'

describe('mebibytesInWords', () => {
  it.each([
    [0, '0 MiB'],
    [64, '64 MiB'],
    [1_000, '1000 MiB'],
    [1_024, '1 GiB'],
    [1_025, '1025 MiB'],
    [1_536, '1.5 GiB'],
    [2_304, '2304 MiB'],
    [1_048_576, '1 TiB'],
    [67_108_864, '64 TiB'],
    [99_999, '99999 MiB'],
  ])('says %d exactly', (mebibytes, words) => {
    expect(mebibytesInWords(mebibytes)).toBe(words)
  })

  it('never tells of more than there is, nor of less than is needed', () => {
    expect([mebibytesInWords(2_047, Math.floor), mebibytesInWords(2_049, Math.ceil)]).toEqual(['1.9 GiB', '2.1 GiB'])
    expect([mebibytesInWords(24_083.7, Math.floor), mebibytesInWords(511.2, Math.ceil)]).toEqual(['23.5 GiB', '512 MiB'])
    expect(mebibytesInWords(1_023.5, Math.ceil)).toBe('1 GiB')
  })
})

describe('a range', () => {
  it.each([
    [{ minimum: 64, maximum: 1_048_576, unit: 'MiB' }, ['64 MiB', '1 TiB']],
    [{ minimum: 1_100, maximum: 24_083, unit: 'MiB' }, ['1.1 GiB', '23.5 GiB']],
    [{ minimum: 1e6, maximum: 1e10, unit: 'bit/s' }, ['1 Mbit/s', '10 Gbit/s']],
    [{ minimum: 100_000, maximum: 1e10, unit: 'B/s' }, ['100 kB/s', '10 GB/s']],
    [{ minimum: 5, maximum: 200, unit: 'percent' }, ['5 %', '200 %']],
    [{ minimum: 1, maximum: 8, unit: 'vCPU' }, ['1 vCPU', '8 vCPUs']],
  ] as const)('is told in the unit a person would use: %o', (range, words) => {
    expect(rangeInWords(range)).toEqual(words)
  })
})

it('says a rate exactly', () => {
  expect([valueInWords(2_500_000, 'bit/s'), valueInWords(1_234_567, 'bit/s'), valueInWords(500, 'bit/s')]).toEqual(['2.5 Mbit/s', '1234567 bit/s', '500 bit/s'])
})
