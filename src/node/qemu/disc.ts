import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineFault, type MachineSpec } from '../../engine/engine.ts'
import { discDrive } from '../../engine/qemu/hardware.ts'
import { QmpError, type QmpSession } from '../../engine/qemu/qmp-session.ts'

/** Checked before anything of a start is made, so that a disc that was moved away is named plainly. */
export function checkDiscs({ name, discPath, driverDiscPath }: MachineSpec): void {
  for (const [field, path] of [['cdrom', discPath], ['driverDisc', driverDiscPath]] as const) {
    if (path === undefined || path === null || statSync(path, { throwIfNoEntry: false })?.isFile() === true) continue
    throw new EngineFault('disk', `The disc in a drive of ${name} is missing: ${path}`, { remedy: `Put the file back, or take the disc out: diptych edit ${name} ${field}=none` })
  }
}

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
      if (!(error instanceof QmpError && /is locked|Tray of device/.test(error.message))) throw error
      if (performance.now() > giveUpAt) throw new EngineFault('qemu', 'The guest holds the disc in its drive', { remedy: 'Eject it in the guest (unmount it there), then try again.', cause: error })
    }
    await sleep(pollMs)
  }
}
