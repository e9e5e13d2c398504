import { oc } from '@orpc/contract'
import { z } from 'zod'
import { errors } from './error.ts'
import { GuestKind } from './guest.ts'
import { HostPath } from './guest-settings.ts'
import { Firmware, HardwareProfile } from './hardware.ts'

/** An operating system of the osinfo database. */
export const System = z.object({
  id: z.string(),
  name: z.string(),
  kind: GuestKind,
  profile: HardwareProfile,
  firmware: Firmware,
  /** Year of its release; null where the database does not say. */
  released: z.number().nullable(),
})
export type System = z.infer<typeof System>

/** What a system asks for; from the database, or usual values for its kind (`source`). */
export const Resources = z.object({ vcpus: z.number(), memoryMiB: z.number(), diskMiB: z.number(), source: z.enum(['osinfo', 'usual']) })
export type Resources = z.infer<typeof Resources>

export const os = {
  /** Newest first; empty, with a note saying how to get it, without the database. */
  list: oc.errors(errors).output(z.object({ systems: z.array(System), note: z.string().nullable() })),
  /** Which system a disc installs or runs, read from its headers. */
  detect: oc
    .errors(errors)
    .input(z.object({ path: HostPath }))
    .output(z.object({ system: System.nullable(), resources: Resources, label: z.string().nullable(), bootable: z.boolean(), note: z.string().nullable() })),
  resources: oc.errors(errors).input(z.object({ system: z.string() })).output(Resources),
}
