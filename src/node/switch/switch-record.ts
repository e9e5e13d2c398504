import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { GuestName, NetworkName } from '../../contract/names.ts'

/** Paths of a switch below its runtime directory. */
export function switchPaths(runtime: string) {
  return { record: join(runtime, 'switch.json'), networks: join(runtime, 'n'), control: join(runtime, 'sw-ctl.sock') }
}

/**
 * Where a guest's card on a network connects. The same in every run of guest, switch and host, so that whichever was
 * started anew finds the others.
 */
export function portSocketPath(runtime: string, network: NetworkName, guest: GuestName): string {
  return join(switchPaths(runtime).networks, network, guest)
}

/** switch.json: who serves this runtime directory. `startTicks` null where /proc is not there to ask. */
export const SwitchRecord = z.object({
  version: z.literal(1),
  pid: z.number().int().positive(),
  startTicks: z.number().nullable(),
  instance: z.string(),
})
export type SwitchRecord = z.infer<typeof SwitchRecord>

/** null when there is none, or none that makes sense: then nothing is adopted. */
export function readSwitchRecord(runtime: string): SwitchRecord | null {
  try {
    return SwitchRecord.parse(JSON.parse(readFileSync(switchPaths(runtime).record, 'utf8')))
  } catch {
    return null // missing or half-written: a new switch writes it anew
  }
}
