import { GuestName, MacAddress, type NetworkName } from '../contract/names.ts'
import type { GuestKind } from '../contract/guest.ts'
import type { Firmware, HardwareProfile } from '../contract/hardware.ts'
import { cardsOf, uplinkMac } from './cards.ts'
import { GuestDefinition, type GuestSource } from './definition.ts'

/** What a new guest is, before it has an identity of its own. */
export interface NewGuest {
  readonly name: GuestName
  readonly title: string
  readonly kind: GuestKind
  readonly os: string
  readonly profile: HardwareProfile
  readonly vcpus: number
  readonly memoryMiB: number
  readonly firmware: Firmware
  readonly networks?: readonly NetworkName[] | undefined
  readonly uplink?: boolean | undefined
  readonly cdrom?: string | null | undefined
  readonly driverDisc?: string | null | undefined
  readonly parameters?: Readonly<Record<string, string>> | undefined
  readonly screen?: { readonly width: number; readonly height: number } | undefined
  readonly source: GuestSource
}

/** Every hardware address a guest answers to. */
export function macsOf(definition: GuestDefinition): MacAddress[] {
  return [definition.mac, ...cardsOf(definition).map(({ mac }) => mac), ...(definition.uplink ? [uplinkMac(definition)] : [])]
}

/**
 * A definition with a UUID and a MAC that no other guest has; `bytes` gives random ones. The locally administered prefix
 * 52:54:00 is QEMU's customary one.
 */
export function defineGuest(guest: NewGuest, taken: ReadonlySet<string>, bytes: (count: number) => Uint8Array): GuestDefinition {
  for (;;) {
    const definition = GuestDefinition.parse({ version: 1, screen: { width: 1280, height: 800 }, ...present(guest), uuid: uuidOf(bytes(16)), mac: macOf(bytes(3)) })
    if (macsOf(definition).every((mac) => !taken.has(mac))) return definition
  }
}

/** The first of `wish`, `wish-2`, `wish-3` … that is free. */
export function freeName(wish: GuestName, isFree: (name: GuestName) => boolean): GuestName {
  for (let number = 1; ; number += 1) {
    const ending = number === 1 ? '' : `-${number}`
    const name = GuestName.parse(`${wish.slice(0, 32 - ending.length).replace(/-+$/, '')}${ending}`)
    if (name !== 'host' && isFree(name)) return name
  }
}

/** A name made of free text: "Debian GNU/Linux 12" becomes `debian-gnu-linux-12`. */
export function nameFrom(text: string): GuestName {
  const label = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^[^a-z]+/, '').slice(0, 28).replace(/-+$/, '')
  return GuestName.safeParse(label).data ?? GuestName.parse('guest')
}

/**
 * The identity of a guest that comes back: its own, as far as no other guest has it by now. Answers only what has to change.
 */
export function identityFor(definition: GuestDefinition, others: readonly GuestDefinition[], taken: ReadonlySet<string>, bytes: (count: number) => Uint8Array): Partial<Pick<GuestDefinition, 'uuid' | 'mac' | 'networks'>> {
  const clashes = others.some(({ uuid }) => uuid === definition.uuid) || macsOf(definition).some((mac) => taken.has(mac))
  if (!clashes) return {}
  const networks = definition.networks?.map((entry) => (typeof entry === 'object' ? entry.name : entry))
  for (;;) {
    const identity = { uuid: uuidOf(bytes(16)), mac: macOf(bytes(3)), ...(networks === undefined ? {} : { networks }) }
    if (macsOf({ ...definition, ...identity }).every((mac) => !taken.has(mac))) return identity
  }
}

function macOf([first = 0, second = 0, third = 0]: Uint8Array): MacAddress {
  return MacAddress.parse(`52:54:00:${[first, second, third].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`)
}

/** RFC 9562, version 4. */
function uuidOf(random: Uint8Array): string {
  const hex = [...random].map((byte, at) => (at === 6 ? (byte & 0x0f) | 0x40 : at === 8 ? (byte & 0x3f) | 0x80 : byte).toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function present(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
