import type { MachineNic } from '../engine.ts'
import type { QemuFeatures } from './features.ts'
import type { Hardware } from './hardware.ts'
import type { JsonObject } from './json.ts'
import { cardSlot } from './pci-slots.ts'

/** 64 KiB Ethernet frames less the header; the switch carries them whole. */
const networkMtu = 65520

/** A card as QMP's `netdev_add` and `device_add` take it; the command line writes the same as options. */
export interface CardParts {
  readonly netdevs: readonly JsonObject[]
  readonly device: JsonObject
}

/**
 * Card number `index` of a machine. With `reconnect-ms` QEMU finds a restarted switch by itself. Without it the card sits
 * on a hub, whose other port can be taken off and made anew over QMP while the guest keeps its card. `loose`: the cable
 * leads nowhere, whatever the card. QEMU's user-mode network is a part of the machine's saved state, so a loose uplink has
 * it too, shut off from this computer and the world (`restrict`).
 */
export function cardParts(nic: MachineNic, index: number, features: QemuFeatures, loose: boolean): CardParts {
  const device = { driver: 'virtio-net-pci', id: cardId(index), netdev: `n${index}`, bus: cardSlot(index), mac: nic.mac, romfile: '' }
  const reconnect = features.netReconnect
  if (nic.kind === 'uplink') return { netdevs: [{ type: 'user', id: `n${index}`, ...(loose ? { restrict: true } : {}) }], device }
  const jumbo = { ...device, host_mtu: networkMtu }
  if (loose) return { netdevs: [hubEnd(index, `n${index}`)], device: jumbo }
  const stream = { ...switchNetdev(nic.socketPath, index), ...(reconnect === null ? {} : { [reconnect]: reconnect === 'reconnect' ? 1 : 200 }) }
  if (reconnect !== null) return { netdevs: [stream], device: jumbo }
  return { netdevs: [stream, hubPort(index), hubEnd(index, `nicport${index}`)], device: { ...jumbo, netdev: `nicport${index}` } }
}

/** The card as this hardware takes it: its model, without a slot where there are none, and long frames only where it may. */
export function fittingCard(device: JsonObject, { card, hasSlots }: Hardware): JsonObject {
  const unfit = [...(hasSlots ? [] : ['bus']), ...(card.jumbo ? [] : ['host_mtu'])]
  return Object.fromEntries(Object.entries({ ...device, driver: card.driver }).filter(([key]) => !unfit.includes(key)))
}

export function cardId(index: number): string {
  return `nic${index}`
}

/** The connection of the card number `index` to its port of the switch; also used to make it anew. */
export function switchNetdev(socketPath: string, index: number) {
  return { type: 'stream', id: `n${index}`, server: false, addr: { type: 'unix', path: socketPath } } as const
}

/** The hub port that carries the stream; see `cardParts`. */
export function hubPort(index: number) {
  return { type: 'hubport', id: `h${index}`, hubid: index, netdev: `n${index}` } as const
}

function hubEnd(index: number, id: string): JsonObject {
  return { type: 'hubport', id, hubid: index }
}
