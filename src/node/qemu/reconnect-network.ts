import type { NetworkName } from '../../contract/names.ts'
import { EngineFault, type MachineSpec } from '../../engine/engine.ts'
import { hubPort, switchNetdev } from '../../engine/qemu/network-card.ts'
import type { QemuFeatures } from '../../engine/qemu/features.ts'
import { asObject, asString } from '../../engine/qemu/json.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'

/**
 * Makes the cables to the switch anew: off the hub, closed, opened, back on the hub; the guest keeps its cards, and what they
 * could not send meanwhile is sent. On a QEMU that reconnects by itself there is nothing to do. `alone` keeps others from
 * having the machine stand still or go on during the work. Rejects when the switch does not take a connection; the other
 * cards are tried all the same.
 */
export async function reconnectNetwork(qmp: QmpSession, spec: MachineSpec, networks: readonly NetworkName[], features: QemuFeatures, alone: (work: () => Promise<void>) => Promise<void>): Promise<void> {
  if (features.netReconnect !== null) return
  const cables = spec.nics.flatMap((nic, index) => (nic.kind === 'switch' && networks.includes(nic.network) ? [reconnectCable(qmp, spec, nic.socketPath, index)] : []))
  const failed = (await Promise.allSettled(cables)).find((outcome) => outcome.status === 'rejected')
  await alone(() => sendWaiting(qmp))
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

/**
 * Has a running machine's cards send what they could not. A frame that finds no cable on the hub, or one whose switch reads no
 * more, is kept by QEMU with the card waiting for its end, and the new cable is no reason for QEMU to look at it again: a
 * card would wait for ever. That a machine runs again is one (`net_vm_change_state_handler`, QEMU's net/net.c), so it stands
 * still for as long as QEMU takes between two commands. One that stands still anyhow is looked at when it goes on.
 */
async function sendWaiting(qmp: QmpSession): Promise<void> {
  if (asString(asObject(await qmp.execute('query-status'))['status']) !== 'running') return
  // Both are sent before either is answered: a host that is killed now leaves no guest standing.
  await Promise.all([qmp.execute('stop'), qmp.execute('cont')])
}
