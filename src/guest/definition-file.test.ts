import { describe, expect, it } from 'vitest'
import { demonstrationGuests } from './definition.ts'
import { GuestFileFault, editGuestFile, formatGuestFile, parseGuestFile } from './definition-file.ts'

const [linux] = demonstrationGuests()
if (linux === undefined) throw new Error('no demonstration guest')
const text = formatGuestFile(linux)

function faultsOf(broken: string): string[] {
  try {
    parseGuestFile(broken, 'guest.yaml')
  } catch (error) {
    if (error instanceof GuestFileFault) return error.faults.map((fault) => `${fault.line}:${fault.column} ${fault.text}`)
    throw error
  }
  return []
}

describe('guest.yaml', () => {
  it('reads back what it wrote, for every demonstration guest', () => {
    for (const definition of demonstrationGuests()) expect(parseGuestFile(formatGuestFile(definition), 'guest.yaml')).toEqual(definition)
  })

  it('names line and column of a wrong value', () => {
    const lines = text.split('\n')
    const line = lines.findIndex((each) => each.startsWith('memoryMiB:')) + 1
    const [fault] = faultsOf(text.replace(/memoryMiB: \d+/, 'memoryMiB: plenty'))
    expect(fault).toMatch(new RegExp(`^${line}:\\d+ memoryMiB: `))
  })

  it('refuses rules that contradict each other, at the value', () => {
    const lines = text.split('\n').length
    const policies = (floor: string) => `${text.replace('policies: {}\n', '')}policies:\n  memory:\n    auto: true\n    floor: ${floor}\n    ceiling: 1GiB\n`
    expect(faultsOf(policies('1024MiB'))).toEqual([])
    expect(faultsOf(policies('2GiB'))).toEqual([`${lines - 1 + 3}:12 policies.memory.floor: the floor of 2GiB lies above the ceiling of 1GiB`])
  })

  it('refuses an unknown key where it stands', () => {
    const [fault] = faultsOf(`${text}colour: red\n`)
    expect(fault).toMatch(/colour/)
    expect(fault).toMatch(new RegExp(`^${text.split('\n').length}:`))
  })

  it('refuses another version, broken YAML, duplicate keys and alias bombs', () => {
    expect(faultsOf(text.replace('version: 1', 'version: 2'))[0]).toMatch(/version 1/)
    expect(faultsOf('name: [unclosed')).not.toHaveLength(0)
    expect(faultsOf(`${text}name: linux\n`)).not.toHaveLength(0)
    expect(() => parseGuestFile('a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n', 'guest.yaml')).toThrow()
  })

  it('keeps comments, order and blank lines when it edits', () => {
    const commented = text.replace('vcpus: 1', '\n# one is enough\nvcpus: 1 # really')
    const edited = editGuestFile(commented, [{ path: ['controls', 'memory'], value: 384 }])
    expect(edited).toContain('# one is enough')
    expect(edited).toContain('vcpus: 1 # really')
    expect(parseGuestFile(edited, 'guest.yaml').controls.memory).toBe(384)
  })
})
