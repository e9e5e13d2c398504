import { NetworkName, stageNetwork } from '../contract/names.ts'

/** A guest has no more. */
const mostCards = 8

/**
 * The networks that an imported machine's cards go on, one a card and in their order, by what each was connected to. The
 * first is on the stage's network, unless another says that it was; each other is on one of the connection's name, or the
 * first of `name-2`, `name-3` … that no card of it has and `isFree` does not deny: a guest has one card on a network.
 */
export function networksFor(connections: readonly string[], isFree: (name: NetworkName) => boolean): NetworkName[] {
  const networks: NetworkName[] = []
  const onStage = Math.max(0, connections.indexOf(stageNetwork))
  for (const [index, connection] of connections.slice(0, mostCards).entries()) {
    networks.push(index === onStage ? stageNetwork : freeNetwork(connection, (name) => name !== stageNetwork && !networks.includes(name) && isFree(name)))
  }
  return networks
}

function freeNetwork(connection: string, isFree: (name: NetworkName) => boolean): NetworkName {
  const label = connection.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^[^a-z]+/, '').replace(/-+$/, '')
  const wish = label === '' || label === stageNetwork ? 'network' : label
  for (let number = 1; ; number += 1) {
    const ending = number === 1 ? '' : `-${number}`
    const name = NetworkName.parse(`${wish.slice(0, 15 - ending.length).replace(/-+$/, '')}${ending}`)
    if (isFree(name)) return name
  }
}
