import { setTimeout as sleep } from 'node:timers/promises'
import { EngineFault } from '../../engine/engine.ts'
import { discDrive } from '../../engine/qemu/hardware.ts'
import { QmpError, type QmpSession } from '../../engine/qemu/qmp-session.ts'

const patienceMs = 4_000
const pollMs = 250

/**
 * Puts a disc into the optical drive, or takes it out with null. A guest that has the disc mounted holds the drive's door;
 * asked by QEMU, most let go within a second (QEMU, qapi/block.json, blockdev-change-medium). It is never forced: that
 * would pull a disc away from under a running installation.
 */
export async function changeDisc(qmp: QmpSession, path: string | null): Promise<void> {
  const giveUpAt = performance.now() + patienceMs
  for (;;) {
    try {
      if (path === null) await qmp.execute('eject', { id: discDrive })
      else await qmp.execute('blockdev-change-medium', { id: discDrive, filename: path, format: 'raw', 'read-only-mode': 'read-only' })
      return
    } catch (error) {
      if (!(error instanceof QmpError && /locked|not open/.test(error.message))) throw error
      if (performance.now() > giveUpAt) throw new EngineFault('qemu', 'The guest holds the disc in its drive', { remedy: 'Eject it in the guest (unmount it there), then try again.', cause: error })
    }
    await sleep(pollMs)
  }
}
