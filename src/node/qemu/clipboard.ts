import type { ClipboardMode } from '../../contract/guest.ts'
import { EngineFault } from '../../engine/engine.ts'
import { QmpError, type QmpSession } from '../../engine/qemu/qmp-session.ts'

const port = { driver: 'virtserialport', id: 'clip0', bus: 'vserial0.0', nr: 2, chardev: 'clip0c', name: 'com.redhat.spice.0' }

/**
 * Plugs or unplugs the clipboard's port (qemu-vdagent, docs/system/devices and qapi/char.json). It is plugged at run
 * time because QEMU refuses to save a machine while it exists ("vdagent chardev doesn't support migration"), and so
 * that a saved state fits whatever the setting. Which way text may pass is decided where the screen's bytes pass.
 */
export async function plugClipboard(qmp: QmpSession, mode: ClipboardMode, available: boolean): Promise<void> {
  if (mode === 'off') return unplugClipboard(qmp)
  if (!available) throw new EngineFault('qemu', 'This QEMU has no clipboard support', { remedy: 'apt-get install qemu-system-modules-spice, or use QEMU 6.1 or later.' })
  const backend = { type: 'qemu-vdagent', data: { mouse: false, clipboard: true } }
  await qmp.execute('chardev-add', { id: port.chardev, backend }).catch(unlessDuplicate)
  await qmp.execute('device_add', port).catch(unlessDuplicate)
}

/** Runs `work` with the clipboard's port taken off, since QEMU saves no machine that has one. */
export async function withoutClipboard<T>(qmp: QmpSession, mode: ClipboardMode, work: () => Promise<T>): Promise<T> {
  if (mode === 'off') return work()
  await unplugClipboard(qmp)
  try {
    return await work()
  } finally {
    if (!qmp.isClosed) await plugClipboard(qmp, mode, true)
  }
}

async function unplugClipboard(qmp: QmpSession): Promise<void> {
  const deleted = qmp.event(({ name, data }) => name === 'DEVICE_DELETED' && data['device'] === port.id, 2_000, 'unplugging the clipboard')
  const outcome = deleted.then(
    () => null,
    (fault: unknown) => fault,
  )
  try {
    await qmp.execute('device_del', { id: port.id })
  } catch (error) {
    unlessMissing(error)
    return
  }
  // The port lets go of its chardev a moment after the command was answered.
  const fault = await outcome
  if (fault !== null) throw fault
  await qmp.execute('chardev-remove', { id: port.chardev }).catch(unlessMissing)
}

function unlessDuplicate(error: unknown): void {
  if (!(error instanceof QmpError && /[Dd]uplicate|already exists/.test(error.message))) throw error
}
function unlessMissing(error: unknown): void {
  if (!(error instanceof QmpError && (error.code === 'DeviceNotFound' || /not found/.test(error.message)))) throw error
}
