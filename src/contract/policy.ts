import { z } from 'zod'
import { GuestName } from './names.ts'

/** A whole number with its unit, `30s`, `10m`, `2h`. */
export const Duration = z.string().regex(/^[1-9]\d{0,5}(s|m|h)$/, 'a duration like 30s, 10m or 2h')
/** Binary units, `512MiB` or `2GiB`. */
export const MemoryAmount = z.string().regex(/^[1-9]\d{0,6}(MiB|GiB)$/, 'an amount of memory like 512MiB or 2GiB')

/** `512MiB`, `2GiB` in MiB. */
export function amountMiB(text: string): number {
  return Number(text.slice(0, -3)) * (text.endsWith('GiB') ? 1_024 : 1)
}

/**
 * The `policies` of a guest.yaml: what the host does for this guest by itself. Every part is optional; one that is
 * absent does nothing.
 */
export const Policies = z
  .object({
    /** Starts the guest again, cold, when its machine ended unexpectedly; each time in a row later than before. */
    restart: z.enum(['never', 'on-failure']).optional(),
    /** Gives memory that the guest leaves idle back to the host, and returns it when the guest needs it. */
    memory: z
      .object({ auto: z.boolean(), floor: MemoryAmount.optional(), ceiling: MemoryAmount.optional() })
      .strict()
      .superRefine(({ floor, ceiling }, context) => {
        if (floor !== undefined && ceiling !== undefined && amountMiB(floor) > amountMiB(ceiling)) context.addIssue({ code: 'custom', path: ['floor'], message: `the floor of ${floor} lies above the ceiling of ${ceiling}` })
      })
      .optional(),
    /** When the guest has done next to nothing for `after`: pause it, or weigh it less until it works again. */
    idle: z
      // `then` is the word of guest.yaml; nobody awaits a policy.
      // oxlint-disable-next-line unicorn/no-thenable
      .object({ after: Duration, then: z.union([z.literal('pause'), z.string().regex(/^weight=([1-9]\d{1,2}|1000)$/, 'pause, or a weight from weight=10 to weight=1000')]) })
      .strict()
      .optional(),
  })
  .strict()
export type Policies = z.infer<typeof Policies>

/** One thing that was done to a guest, and why: `rule` names the policy that caused it, null where a person or the guest itself did. */
export const Activity = z.object({
  sequence: z.number().int(),
  at: z.iso.datetime(),
  guest: GuestName,
  rule: z.string().nullable(),
  text: z.string(),
})
export type Activity = z.infer<typeof Activity>
