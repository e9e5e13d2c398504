import { setTimeout as sleep } from 'node:timers/promises'
import type { MachineNic, MachineSpec } from '../../engine/engine.ts'
import { cardParts, fittingCard } from '../../engine/qemu/network-card.ts'
import { fixedSlots } from '../../engine/qemu/pci-slots.ts'
import { hardwareOf } from '../../engine/qemu/profile.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'
import type { QemuProbe } from './probe.ts'

/** A guest that has not heard the request (still booting) is asked again after this long. */
const askAgainMs = 2_000

/**
 * Takes a device away and resolves with whether the guest let go of it in time: unplugging is a request, which the guest's
 * own driver for the slot carries out (QEMU, qapi/qdev.json, `device_del`).
 */
export async function unplugDevice(qmp: QmpSession, id: string, timeoutMs: number): Promise<boolean> {
  const gone = qmp.event(({ name, data }) => name === 'DEVICE_DELETED' && data['device'] === id, timeoutMs, `unplugging ${id}`).then(
    () => true,
    () => false,
  )
  await qmp.execute('device_del', { id })
  for (;;) {
    const answer = await Promise.race([gone, sleep(askAgainMs, null, { ref: false })])
    if (answer !== null) return answer
    await qmp.execute('device_del', { id }).catch(() => undefined) // "already in the process of unplug", or gone this moment
  }
}

/** Plugs a machine's network cards into their slots, which are empty. All commands go out at once: QEMU takes them in order. */
export async function plugCards(qmp: QmpSession, spec: MachineSpec, { features, accelerator }: QemuProbe): Promise<void> {
  const hardware = hardwareOf(spec, features, accelerator.kind)
  const commands = spec.nics.flatMap((nic, index) => {
    const { netdevs, device } = cardParts(nic, index, features, false)
    return [...netdevs.map((netdev) => qmp.execute('netdev_add', netdev)), qmp.execute('device_add', fittingCard(device, hardware))]
  })
  await Promise.all(commands)
}

/**
 * Plugs one more card into a running machine, into the slot it would have from a start. False: all slots that were made
 * are taken, or this hardware has none. On failure nothing of it stays.
 */
export async function plugCard(qmp: QmpSession, spec: MachineSpec, nic: MachineNic, { features, accelerator }: QemuProbe): Promise<boolean> {
  const hardware = hardwareOf(spec, features, accelerator.kind)
  const index = spec.nics.length
  if (!hardware.hasSlots || index + 1 >= fixedSlots) return false
  const { netdevs, device } = cardParts(nic, index, features, false)
  const made: string[] = []
  try {
    for (const netdev of netdevs) {
      await qmp.execute('netdev_add', netdev)
      made.push(String(netdev['id']))
    }
    await qmp.execute('device_add', fittingCard(device, hardware))
    return true
  } catch (error) {
    for (const id of made.toReversed()) await qmp.execute('netdev_del', { id }).catch(() => undefined) // what went wrong is told below
    throw error
  }
}
