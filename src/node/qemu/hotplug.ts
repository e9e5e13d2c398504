import { setTimeout as sleep } from 'node:timers/promises'
import type { MachineSpec } from '../../engine/engine.ts'
import type { QemuFeatures } from '../../engine/qemu/features.ts'
import { cardParts } from '../../engine/qemu/network-card.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'

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
  let over = false
  void gone.then(() => (over = true))
  await qmp.execute('device_del', { id })
  const asking = (async () => {
    while (!over) {
      await Promise.race([gone, sleep(askAgainMs, undefined, { ref: false })])
      if (!over) await qmp.execute('device_del', { id }).catch(() => undefined) // "already in the process of unplug"
    }
  })()
  const answer = await gone
  await asking
  return answer
}

/** Plugs a machine's network cards into their slots, which are empty. All commands go out at once: QEMU takes them in order. */
export async function plugCards(qmp: QmpSession, spec: MachineSpec, features: QemuFeatures): Promise<void> {
  const commands = spec.nics.flatMap((nic, index) => {
    const { netdevs, device } = cardParts(nic, index, features, false)
    return [...netdevs.map((netdev) => qmp.execute('netdev_add', netdev)), qmp.execute('device_add', device)]
  })
  await Promise.all(commands)
}
