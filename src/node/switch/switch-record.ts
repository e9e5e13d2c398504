import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** Paths of a switch below its runtime directory. */
export function switchPaths(runtime: string) {
  return { record: join(runtime, 'switch.json'), data: join(runtime, 'sw.sock'), control: join(runtime, 'sw-ctl.sock') }
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
