import { describe, expect, it } from 'vitest'
import { ControlName, settingNames } from '../../src/contract/control.ts'
import { CommandFailure } from './exit-code.ts'
import { formatControl, formatMilliseconds } from './units.ts'
import { readChange, readGuestName, readMemory, readTitle } from './values.ts'

describe('readChange', () => {
  it('takes every slider by the name that answers and refusals give it', () => {
    const values = { vcpus: '2', cpuCap: '50%', cpuWeight: '200', memory: '384MiB', diskIops: '500', diskBandwidth: '20MB/s', linkBandwidth: '10Mbit' } as const
    const changed = ControlName.options.map((name) => readChange([`${settingNames[name]}=${values[name]}`]))
    expect(changed.map((change) => Object.keys(change)[0])).toEqual(ControlName.options)
  })

  it.each([
    [['memory=384MiB'], { memory: 384 }],
    [['memory=1.5GiB'], { memory: 1536 }],
    [['cpu=50%'], { cpuCap: 50 }],
    [['cpu=12.5%'], { cpuCap: 12.5 }],
    [['cpu=unlimited'], { cpuCap: null }],
    [['cpu.cap=50%', 'cpu.weight=200'], { cpuCap: 50, cpuWeight: 200 }],
    [['vcpus=2'], { vcpus: 2 }],
    [['disk.iops=500', 'disk.bandwidth=20MB/s'], { diskIops: 500, diskBandwidth: 20_000_000 }],
    [['disk.iops=unlimited', 'disk.bandwidth=1.5GB'], { diskIops: null, diskBandwidth: 1_500_000_000 }],
    [['priority=star'], { priority: 'star' }],
    [['link=10Mbit'], { linkBandwidth: 10_000_000 }],
    [['link=64kbit/s'], { linkBandwidth: 64_000 }],
    [['link=2.5Gbit'], { linkBandwidth: 2_500_000_000 }],
    [['link=unlimited'], { linkBandwidth: null }],
    [['link=down'], { linkUp: false }],
    [['link=up', 'link=1Mbit', 'cpu=100%'], { linkUp: true, linkBandwidth: 1_000_000, cpuCap: 100 }],
  ])('reads %j', (assignments, change) => {
    expect(readChange(assignments)).toEqual(change)
  })

  it.each([
    'memory=384', 'memory=384MB', 'memory=-1MiB', 'memory=0MiB', 'memory=1.0001GiB', 'memory=0.0001MiB', 'memory=1e3MiB', 'memory= 384MiB', 'memory=',
    'cpu=50', 'cpu=0%', 'cpu=-5%', 'cpu=50%%', 'cpu=half',
    'vcpus=0', 'vcpus=1.5', 'vcpus=two', 'cpu.weight=', 'disk.iops=-1', 'disk.iops=10%', 'disk.bandwidth=20', 'disk.bandwidth=20MiB', 'disk.bandwidth=0kB', 'priority=high',
    'link=10', 'link=10mbit', 'link=10MB', 'link=0Mbit', 'link=0.0001kbit', 'link=sideways', 'link=toString',
  ])('refuses %s with how to write it', (assignment) => {
    const key = assignment.split('=')[0] ?? ''
    expect(() => readChange([assignment])).toThrow(CommandFailure)
    try {
      readChange([assignment])
    } catch (error) {
      expect(error).toMatchObject({ exitCode: 2, wayOut: expect.stringContaining(`${key}=`) })
    }
  })

  it('names the settings for an unknown one, and for a word without a value', () => {
    for (const wrong of ['disk=4GiB', 'cpu.speed=1', 'memory', '=5', 'constructor=1']) {
      expect(() => readChange([wrong])).toThrow(expect.objectContaining({ exitCode: 2, wayOut: expect.stringContaining('memory=384MiB') }))
    }
  })

  it('refuses a setting given twice', () => {
    expect(() => readChange(['memory=1GiB', 'memory=2GiB'])).toThrow('memory is given twice.')
    expect(() => readChange(['link=up', 'link=down'])).toThrow('link is given twice.')
    expect(() => readChange(['cpu=50%', 'cpu.cap=60%'])).toThrow('cpu.cap is given twice.')
  })
})

describe('words', () => {
  it('refuses what cannot be a guest name', () => {
    expect(readGuestName('linux')).toBe('linux')
    expect(() => readGuestName('../etc')).toThrow(/cannot be a guest's name/)
  })

  it('reads amounts of memory and titles that stand alone', () => {
    expect([readMemory('2GiB'), readTitle('Web server')]).toEqual([2048, 'Web server'])
    expect(() => readMemory('2000GiB')).toThrow('"2000GiB" is no memory of a guest: at most 1 TiB.')
    expect(() => readMemory('32MiB')).toThrow('at least 64 MiB')
    expect(() => readMemory('2GB')).toThrow(expect.objectContaining({ exitCode: 2, wayOut: 'Write 384MiB or 1.5GiB; whole MiB.' }))
    for (const wrong of ['', '  ', 'x'.repeat(81)]) expect(() => readTitle(wrong)).toThrow(expect.objectContaining({ exitCode: 2 }))
  })

  it.each([[null, 'MiB', 'unlimited'], [50, 'percent', '50%'], [384, 'MiB', '384MiB'], [1_536, 'MiB', '1.5GiB'], [2_500_000, 'bit/s', '2.5Mbit'], [64_000, 'bit/s', '64kbit'], [500, 'bit/s', '500bit'], [20_000_000, 'B/s', '20MB/s'], [2, 'vCPU', '2'], [200, 'weight', '200'], [500, 'IO/s', '500']] as const)(
    'formats %s %s as %s', (value, unit, text) => {
      expect(formatControl(value, unit)).toBe(text)
      if (unit === 'bit/s' && value !== null) expect(readChange([`link=${text}`])).toEqual({ linkBandwidth: value })
    },
  )

  it('formats durations', () => {
    expect([formatMilliseconds(null), formatMilliseconds(440.4), formatMilliseconds(2540)]).toEqual(['-', '440 ms', '2.5 s'])
  })
})
