import type { NetworkName } from '../src/contract/names.ts'
import type { GuestDefinition } from '../src/guest/definition.ts'
import { cardsOf, uplinkMac } from '../src/guest/cards.ts'
import type { Machine } from '../src/engine/engine.ts'
import type { NetworkService } from './network-service.ts'

/**
 * Brings the cards of a running machine to what the guest's definition says, as far as that can be done while it runs: a
 * card that is missing is plugged in; one that is too many loses its cable at once, and the card itself goes with the next
 * start. False: a card is missing until the next start, because the machine has no slot left.
 */
export async function useCards(definition: GuestDefinition, machine: Machine, network: Pick<NetworkService, 'cards' | 'definePorts'>): Promise<boolean> {
  const wanted = cardsOf(definition)
  const plugged = machine.spec.nics
  const connected = network.cards(definition.name)
  const socketPathOf = await network.definePorts(definition.name, wanted, definition.uplink)
  let whole = true
  const recabled: NetworkName[] = []
  for (const { network: name, mac } of wanted) {
    const has = plugged.some((nic) => nic.kind === 'switch' && nic.network === name)
    if (!has) whole = (await machine.plugCard({ kind: 'switch', mac, network: name, socketPath: socketPathOf(name) })) && whole
    else if (!connected.some((card) => card.network === name)) recabled.push(name)
  }
  const uplink = plugged.find((nic) => nic.kind === 'uplink')
  if (uplink !== undefined) await machine.linkCard(uplink.mac, definition.uplink)
  else if (definition.uplink) whole = (await machine.plugCard({ kind: 'uplink', mac: uplinkMac(definition) })) && whole
  if (recabled.length > 0) await machine.reconnectNetwork(recabled)
  return whole
}
