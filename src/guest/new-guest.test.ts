import { expect, test } from 'vitest'
import { GuestName, NetworkName } from '../contract/names.ts'
import { demonstrationGuests, hardwareOf, securityOf } from './definition.ts'
import { parseGuestFile, formatGuestFile } from './definition-file.ts'
import { defineGuest, freeName, identityFor, macsOf, nameFrom, type NewGuest } from './new-guest.ts'

const guest: NewGuest = { name: GuestName.parse('web'), title: 'Web', kind: 'linux', os: 'Debian', profile: 'linux-modern', vcpus: 1, memoryMiB: 512, firmware: 'bios', source: { disk: 'own' } }
/** Counts up, so that no two calls give the same bytes. */
function counting() {
  let next = 0
  return (count: number) => new Uint8Array(count).fill((next += 1))
}

test('a new guest has a UUID and addresses that nobody else has, on every network', () => {
  const bytes = counting()
  const networks = ['stage', 'lab'].map((name) => NetworkName.parse(name))
  const first = defineGuest({ ...guest, networks, uplink: true }, new Set(), bytes)
  const again = counting()
  const second = defineGuest({ ...guest, networks, uplink: true }, new Set(macsOf(first)), again)
  expect(new Set([...macsOf(first), ...macsOf(second)]).size).toBe(6)
  expect(first.uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(first.mac).toMatch(/^52:54:00:/)
  expect(parseGuestFile(formatGuestFile(first), 'guest.yaml')).toEqual(first)
})

test('what comes back keeps its identity unless another guest has it by now', () => {
  const mine = defineGuest(guest, new Set(), counting())
  expect(identityFor(mine, demonstrationGuests(), new Set(demonstrationGuests().flatMap(macsOf)), counting())).toEqual({})
  const changed = identityFor(mine, [mine], new Set(macsOf(mine)), counting())
  expect(changed.mac).not.toBe(mine.mac)
  expect(changed.uuid).toBeDefined()
})

test('names: from free text, and the first that is free', () => {
  expect(nameFrom('Debian GNU/Linux 12')).toBe('debian-gnu-linux-12')
  expect(nameFrom('11 Fenêtres')).toBe('fenetres')
  expect(nameFrom('日本')).toBe('guest')
  const long = GuestName.parse(`a${'b'.repeat(31)}`)
  expect(freeName(long, (name) => name !== long)).toBe(`a${'b'.repeat(29)}-2`)
  expect(freeName(GuestName.parse('host'), () => true)).toBe('host-2')
})

test('secure boot and TPM: what Windows’ profile has with UEFI, unless the file says otherwise', () => {
  const windows = defineGuest({ ...guest, profile: 'windows-modern', firmware: 'uefi' }, new Set(), counting())
  expect(securityOf(windows)).toEqual({ secureBoot: true, tpm: true })
  expect(securityOf({ ...windows, tpm: false })).toEqual({ secureBoot: true, tpm: false })
  expect(securityOf({ ...windows, firmware: 'bios' })).toEqual({ secureBoot: false, tpm: false })
  expect(securityOf({ ...windows, profile: 'legacy', tpm: true })).toEqual({ secureBoot: false, tpm: false })
  expect(hardwareOf(windows)).toEqual({ discPath: null, secureBoot: true, tpm: true })
  const [linux] = demonstrationGuests()
  expect(linux === undefined ? null : hardwareOf(linux)).toEqual({})
})
