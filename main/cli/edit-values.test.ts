import { expect, test } from 'vitest'
import { CommandFailure } from './exit-code.ts'
import { keyOf, readSettings } from './edit-values.ts'

test.each([
  [['memory=2GiB', 'cpus=2'], { memoryMiB: 2048, vcpus: 2 }],
  [['title=Web server = 1'], { title: 'Web server = 1' }],
  [['cdrom=disc.iso'], { cdrom: '/here/disc.iso' }],
  [['cdrom=none', 'tpm=off', 'secure-boot=on'], { cdrom: null, tpm: false, secureBoot: true }],
  [['screen=1280x800', 'boot=cdrom'], { screen: { width: 1280, height: 800 }, bootFrom: 'cdrom' }],
])('%j', (assignments, change) => {
  expect(readSettings(assignments, '/here')).toEqual(change)
})

test.each([['memory=2GB'], ['cpus=0'], ['cpus=two'], ['tpm=yes'], ['screen=wide'], ['name=Bad_Name'], ['colour=red'], ['title'], ['title='], ['firmware=efi']])('%s is a usage error that says what would be right', (assignment) => {
  expect(() => readSettings([assignment], '/here')).toThrow(CommandFailure)
})

test('a field given twice is refused, and every field has a key', () => {
  expect(() => readSettings(['tpm=on', 'tpm=off'], '/')).toThrow('twice')
  expect(keyOf('memoryMiB')).toBe('memory')
})

test('what is wrong with a value is told in words of the command line', () => {
  expect(() => readSettings(['memory=1MiB'], '/')).toThrow('"1MiB" does not fit memory: at least 64 MiB.')
  expect(() => readSettings(['memory=2000GiB'], '/')).toThrow('does not fit memory: at most 1 TiB.')
  expect(() => readSettings(['cpus=999'], '/')).toThrow('"999" does not fit cpus: at most 64.')
  expect(() => readSettings([`title=${'x'.repeat(81)}`], '/')).toThrow('does not fit title: at most 80 characters.')
  expect(() => readSettings(['tpm=maybe'], '/')).toThrow(expect.objectContaining({ message: '"maybe" does not fit tpm.', wayOut: 'Write tpm=on or off.' }))
})
