import { EngineFault, type MachineSpec } from '../../engine/engine.ts'
import { hubPort, switchNetdev } from '../../engine/qemu/command-line.ts'
import type { QemuFeatures } from '../../engine/qemu/features.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'

/**
 * Makes the machine's side of the network anew: off the hub, closed, opened, back on the hub; the guest keeps its NIC.
 * On a QEMU that reconnects by itself there is nothing to do. Rejects when the switch does not take the connection.
 */
export async function reconnectNetwork(qmp: QmpSession, spec: MachineSpec, features: QemuFeatures): Promise<void> {
  if (features.netReconnect !== null) return
  // Either may be missing after an attempt that failed half way.
  await qmp.execute('netdev_del', { id: hubPort.id }).catch(() => undefined)
  await qmp.execute('netdev_del', { id: 'n0' }).catch(() => undefined)
  const connected = qmp.event((event) => event.name === 'NETDEV_STREAM_CONNECTED' && event.data['netdev-id'] === 'n0', 2_000, 'the connection to the network switch')
  const outcome = connected.then(
    () => null,
    (cause: unknown) => new EngineFault('network', `${spec.name} could not connect to the network switch at ${spec.switchSocketPath}`, { cause, remedy: 'Start the switch first, then reconnect.' }),
  )
  await qmp.execute('netdev_add', switchNetdev(spec))
  await qmp.execute('netdev_add', { ...hubPort })
  const fault = await outcome
  if (fault !== null) throw fault
}
