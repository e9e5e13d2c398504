import type { SwitchStatistics } from '../../network/client.ts'
import { DROP_REASONS, noDrops } from '../../network/drops.ts'
import type { VirtualSwitch } from '../../network/virtual-switch.ts'

/** What all networks of this process have counted. */
export function switchStatistics(networks: readonly VirtualSwitch[], connections: number): SwitchStatistics {
  const strays = noDrops()
  for (const { fabric } of networks) for (const reason of DROP_REASONS) strays[reason] += fabric.strays[reason]
  const sum = (read: (network: VirtualSwitch) => number) => networks.reduce((total, network) => total + read(network), 0)
  return {
    ports: networks.flatMap(({ info, fabric }) =>
      [...fabric.ports.values()].map((port) => ({
        network: info.name,
        guest: port.settings.guest,
        drops: port.drops,
        backlogBytes: port.wire?.backlogBytes ?? 0,
        heldBytes: (port.txShaper?.heldBytes ?? 0) + (port.rxShaper?.heldBytes ?? 0),
        httpSampledOut: port.httpShare.sampledOut,
        httpDisplaced: port.httpShare.displaced,
      })),
    ),
    strays,
    connections,
    macTableEntries: sum((network) => network.fabric.macs.size),
    httpFlows: sum((network) => network.http.flowCount),
    httpSampledOut: sum((network) => network.http.sampledOut),
    residentMiB: process.memoryUsage.rss() / 1_048_576,
  }
}
