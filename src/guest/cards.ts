import { MacAddress, stageNetwork, type NetworkName } from '../contract/names.ts'
import { stageDomain, type GuestDefinition } from './definition.ts'

/** A guest's card on one of the private networks. */
export interface NetworkCard {
  readonly network: NetworkName
  readonly mac: MacAddress
  /** The longest frame's payload, where the card's model cannot carry what virtio does. */
  readonly mtu?: number
}

type CardSource = Pick<GuestDefinition, 'uuid' | 'mac' | 'networks'> & Partial<Pick<GuestDefinition, 'profile' | 'driverDisc'>>

/**
 * The cards of a guest, in the order it finds them. On `stage` it has the definition's `mac`; elsewhere one made from
 * its uuid and the network's name, so that it is the same in every run and a clone gets its own.
 */
export function cardsOf(definition: CardSource): NetworkCard[] {
  return (definition.networks ?? [stageNetwork]).map((entry) => {
    const model = isVirtio(definition) ? {} : { mtu: ethernetMtu }
    if (typeof entry === 'object') return { network: entry.name, mac: entry.mac, ...model }
    return { network: entry, mac: entry === stageNetwork ? definition.mac : madeMac(`${definition.uuid} ${entry}`), ...model }
  })
}

const ethernetMtu = 1500

/** The emulated cards of Windows without virtio's drivers, and of old systems, carry plain Ethernet frames. */
function isVirtio({ profile = 'linux-modern', driverDisc = null }: CardSource): boolean {
  return profile === 'linux-modern' || (profile === 'windows-modern' && driverDisc !== null)
}

/** The domain its guests' names end in. */
export function domainOf(network: NetworkName): string {
  return network === stageNetwork ? stageDomain : `${network}.${stageDomain}`
}

/** Where a guest is known: its first card and its name there; its own `mac` and bare name when it is on no network. */
export function firstCard(definition: CardSource & Pick<GuestDefinition, 'name'>): { readonly mac: MacAddress; readonly dnsName: string } {
  const [first] = cardsOf(definition)
  return first === undefined ? { mac: definition.mac, dnsName: definition.name } : { mac: first.mac, dnsName: `${definition.name}.${domainOf(first.network)}` }
}

/** The MAC of the card that leads to the host's own network. */
export function uplinkMac(definition: CardSource): MacAddress {
  return madeMac(`${definition.uuid} uplink network`)
}

/** Locally administered, unicast, below QEMU's customary 52:54:00; the rest is FNV-1a of the text, folded to 24 bits. */
function madeMac(text: string): MacAddress {
  let hash = 0x811c9dc5
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  const folded = ((hash >>> 24) ^ hash) & 0xff_ffff
  return MacAddress.parse(`52:54:00:${folded.toString(16).padStart(6, '0').replace(/(..)(?=.)/g, '$1:')}`)
}
