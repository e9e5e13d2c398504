import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MachineSpec } from '../../engine/engine.ts'
import { asObject, asString } from '../../engine/qemu/json.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'

/** The word at 40:13 in which a BIOS tells the size of conventional memory (BIOS data area). 0 until it has begun its work. */
const conventionalMemory = 0x413
/** Who has not set it by then never will: another firmware, or a system that uses this memory for itself. */
const longestMs = 3_000

/**
 * Presses the reset button, but not in the first milliseconds after power-on. There SeaBIOS has the memory below 1 MiB mapped
 * over its own ROM and is still copying itself into it; of the machine `q35` QEMU resets all but that mapping (mch_reset of
 * hw/pci-host/q35.c), and the processor would run through empty memory for ever, whatever is reset after that.
 */
export async function resetMachine(qmp: Pick<QmpSession, 'execute'>, { boot }: MachineSpec, directory: string): Promise<void> {
  if (boot.kind !== 'disk' || boot.firmware !== 'uefi') await pastItsCopying(qmp, join(directory, 'bda'))
  await qmp.execute('system_reset')
}

async function pastItsCopying(qmp: Pick<QmpSession, 'execute'>, path: string): Promise<void> {
  const hasBegun = async () => {
    try {
      await qmp.execute('pmemsave', { val: conventionalMemory, size: 2, filename: path })
      return readFileSync(path).readUInt16LE() > 0
    } catch {
      return true // what cannot be looked at keeps nobody from the button
    }
  }
  try {
    if (await hasBegun()) return
    // A paused one would never come past it; what it does until it is reset is lost anyhow.
    const stands = asString(asObject(await qmp.execute('query-status'))['status']) !== 'running'
    if (stands) await qmp.execute('cont')
    for (const deadline = performance.now() + longestMs; performance.now() < deadline && !(await hasBegun()); ) await sleep(2)
    if (stands) await qmp.execute('stop')
  } finally {
    rmSync(path, { force: true })
  }
}
