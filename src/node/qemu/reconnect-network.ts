import type { NetworkName } from '../../contract/names.ts'
import { EngineFault, type MachineSpec } from '../../engine/engine.ts'
import type { QemuFeatures } from '../../engine/qemu/features.ts'
import { hubPort, switchNetdev } from '../../engine/qemu/network-card.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'

/**
 * Makes the cables to the switch anew: off the hub, closed, opened, back on the hub; the guest keeps its cards. On a
 * QEMU that reconnects by itself there is nothing to do. Rejects when the switch does not take a connection; the other
 * cards are tried all the same.
 */
export async function reconnectNetwork(qmp: QmpSession, spec: MachineSpec, networks: readonly NetworkName[], features: QemuFeatures): Promise<void> {
  if (features.netReconnect !== null) return
  const cables = spec.nics.flatMap((nic, index) => (nic.kind === 'switch' && networks.includes(nic.network) ? [reconnectCable(qmp, spec, nic.socketPath, index)] : []))
  const failed = (await Promise.allSettled(cables)).find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

async function reconnectCable(qmp: QmpSession, spec: MachineSpec, socketPath: string, index: number): Promise<void> {
  const netdev = switchNetdev(socketPath, index)
  // Either may be missing after an attempt that failed half way.
  await qmp.execute('netdev_del', { id: hubPort(index).id }).catch(() => undefined)
  await qmp.execute('netdev_del', { id: netdev.id }).catch(() => undefined)
  const connected = qmp.event((event) => event.name === 'NETDEV_STREAM_CONNECTED' && event.data['netdev-id'] === netdev.id, 2_000, 'the connection to the network switch')
  const outcome = connected.then(
    () => null,
    (cause: unknown) => new EngineFault('network', `${spec.name} could not connect to the network switch at ${socketPath}`, { cause, remedy: 'Start the switch first, then reconnect.' }),
  )
  await qmp.execute('netdev_add', netdev)
  await qmp.execute('netdev_add', { ...hubPort(index) })
  const fault = await outcome
  if (fault !== null) throw fault
}
