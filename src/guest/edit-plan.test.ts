import { describe, expect, it, test } from 'vitest'
import type { GuestState } from '../contract/guest.ts'
import type { SettingsChange } from '../contract/guest-settings.ts'
import { GuestName } from '../contract/names.ts'
import { type GuestDefinition, demonstrationGuests } from './definition.ts'
import { type EditSituation, planEdit, refusedIn } from './edit-plan.ts'
import { defineGuest } from './new-guest.ts'

const name = GuestName.parse('web')
const own = defineGuest({ name, title: 'Web', kind: 'linux', os: 'Debian', profile: 'linux-modern', vcpus: 1, memoryMiB: 512, firmware: 'bios', source: { disk: 'own' } }, new Set(), (count) => new Uint8Array(count).fill(7))
const situation = (state: GuestState, more: Partial<EditSituation> = {}): EditSituation => ({
  state,
  hasDrive: ['running', 'paused'].includes(state) ? true : null,
  sizeFault: (memoryMiB) => (memoryMiB > 6_000 ? { certain: memoryMiB > 8_192, text: 'This computer has 8192 MiB.' } : null),
  hostCpus: 4,
  clipboardUnavailable: null,
  isFree: (wish) => wish !== 'taken',
  discFault: (path) => (path.endsWith('.iso') ? null : 'It cannot be read: no such file.'),
  ...more,
})

function when(changes: SettingsChange, state: GuestState = 'stopped', definition: GuestDefinition = own, more: Partial<EditSituation> = {}): string[] {
  return planEdit(definition, changes, situation(state, more)).changes.map((change) => `${change.field} ${change.when}`)
}

describe('a plan', () => {
  it('leaves out what is that way already, and says from and to in words', () => {
    const plan = planEdit(own, { title: 'Web', memoryMiB: 1024, screen: { width: 1920, height: 1080 } }, situation('stopped'))
    expect(plan.changes).toEqual([
      { field: 'memoryMiB', from: '512 MiB', to: '1 GiB', when: 'next-boot', note: null },
      { field: 'screen', from: '1280×800', to: '1920×1080', when: 'next-boot', note: null },
    ])
    expect(plan.allowed).toBe(true)
    expect(planEdit(own, {}, situation('running'))).toEqual({ changes: [], allowed: true })
  })

  it('is not allowed as a whole when one field is refused', () => {
    const plan = planEdit(own, { title: 'New', memoryMiB: 1_000_000 }, situation('stopped'))
    expect(plan.allowed).toBe(false)
    expect(plan.changes.find(({ field }) => field === 'memoryMiB')).toMatchObject({ when: 'refused', note: 'This computer has 8192 MiB.' })
  })

  it('names what is refused as the command line does', () => {
    const refusal = (changes: SettingsChange) => refusedIn(planEdit(own, changes, situation('stopped')))
    expect(refusal({ memoryMiB: 1_000_000, secureBoot: true, firmware: 'bios' })).toBe('secure-boot: Secure boot needs the firmware uefi. memory: This computer has 8192 MiB.')
    expect(refusal({ title: 'New' })).toBeNull()
  })
})

test.each<[string, SettingsChange, GuestState, string]>([
  ['a title, running', { title: 'New' }, 'running', 'title live'],
  ['vCPUs, running', { vcpus: 2 }, 'running', 'vcpus next-boot'],
  ['memory, suspended', { memoryMiB: 1024 }, 'suspended', 'memoryMiB refused'],
  ['memory beyond what is promised to guests', { memoryMiB: 7_000 }, 'stopped', 'memoryMiB next-boot'],
  ['memory beyond the computer', { memoryMiB: 9_000 }, 'stopped', 'memoryMiB refused'],
  ['a title, suspended', { title: 'New' }, 'suspended', 'title live'],
  ['a title, while it is suspended', { title: 'New' }, 'suspending', 'title refused'],
  ['a name, stopped', { name: GuestName.parse('new') }, 'stopped', 'name live'],
  ['a name, failed', { name: GuestName.parse('new') }, 'failed', 'name live'],
  ['a name, running', { name: GuestName.parse('new') }, 'running', 'name refused'],
  ['a name that is taken', { name: GuestName.parse('taken') }, 'stopped', 'name refused'],
  ['the host’s name', { name: GuestName.parse('host') }, 'stopped', 'name refused'],
  ['a disc, running', { cdrom: '/a.iso' }, 'running', 'cdrom live'],
  ['a disc, stopped', { cdrom: '/a.iso' }, 'stopped', 'cdrom next-boot'],
  ['a disc that is not there', { cdrom: '/a.txt' }, 'running', 'cdrom refused'],
  ['a disc of drivers for Linux', { driverDisc: '/a.iso' }, 'stopped', 'driverDisc refused'],
  ['secure boot with BIOS', { secureBoot: true }, 'stopped', 'secureBoot refused'],
  ['the clipboard, running', { clipboard: 'both' }, 'running', 'clipboard live'],
])('%s', (_, changes, state, expected) => {
  expect(when(changes, state)).toEqual([expected])
})

test('what one field is decides what another may be', () => {
  expect(when({ firmware: 'uefi', secureBoot: true })).toEqual(['firmware next-boot', 'secureBoot next-boot'])
  expect(when({ profile: 'legacy', tpm: true, clipboard: 'both' })).toEqual(['profile next-boot', 'tpm refused', 'clipboard refused'])
  expect(when({ profile: 'windows-modern', firmware: 'uefi', driverDisc: '/virtio-win.iso' })).toEqual(['profile next-boot', 'firmware next-boot', 'driverDisc next-boot'])
})

test('a machine that was started without a drive takes a disc at its next start; a host without clipboard says so', () => {
  expect(when({ cdrom: '/a.iso' }, 'running', own, { hasDrive: false })).toEqual(['cdrom next-boot'])
  expect(when({ clipboard: 'both' }, 'running', own, { clipboardUnavailable: 'This QEMU has no clipboard.' })).toEqual(['clipboard refused'])
})

test('the demonstration guests keep their hardware', () => {
  const [linux] = demonstrationGuests()
  expect(when({ profile: 'legacy', firmware: 'uefi', bootFrom: 'cdrom', memoryMiB: 768 }, 'stopped', linux)).toEqual(['profile refused', 'firmware refused', 'bootFrom refused', 'memoryMiB next-boot'])
})
