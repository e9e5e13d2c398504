import { oc } from '@orpc/contract'
import { z } from 'zod'
import { errors } from './error.ts'
import { GuestName } from './names.ts'

/** One try of one guest to open another's page, made inside `from` through its agent. `status` 0: no HTTP answer. */
export const WebProbe = z.object({
  from: GuestName,
  to: GuestName,
  url: z.string(),
  status: z.number().int(),
  milliseconds: z.number(),
  title: z.string().nullable(),
  server: z.string().nullable(),
  bytes: z.number(),
  error: z.string().nullable(),
  /** How it is known. */
  evidence: z.enum(['agent', 'wire']),
  at: z.iso.datetime(),
})
export type WebProbe = z.infer<typeof WebProbe>

export const web = {
  /** Every ordered pair of running guests, or the named ones only. */
  probe: oc
    .errors(errors)
    .input(
      z.object({
        from: GuestName.optional(),
        to: GuestName.optional(),
        path: z.string().startsWith('/').default('/'),
        timeoutMs: z.number().int().positive().max(60_000).default(10_000),
      }),
    )
    .output(z.array(WebProbe)),
}
