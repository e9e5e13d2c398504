import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { errors } from './error.ts'
import { GuestName } from './names.ts'

/** Who can open pages: a guest, or `host` (this computer; no guest may have that name). */
export const hostParty = GuestName.parse('host')

/** One try of one party to open another's page. `status` 0: no HTTP answer. The host's page is the network's status page. */
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
  /** How it is known: tried inside the guest by its agent, tried by the host itself, or seen on the wire. */
  evidence: z.enum(['agent', 'host', 'wire']),
  /** What did the asking: diptych-guest, curl, wget, powershell, host; null on the wire. */
  method: z.string().nullable(),
  at: z.iso.datetime(),
})
export type WebProbe = z.infer<typeof WebProbe>

/** What a probe rests on: what was asked and answered, and the asking guest's screen at that moment (PNG, base64). */
export const WebEvidence = z.object({
  probe: WebProbe,
  requestLine: z.string(),
  statusLine: z.string().nullable(),
  headers: z.array(z.string()),
  /** The body's first KiB. */
  body: z.string(),
  screenshot: z.object({ png: z.string(), width: z.number(), height: z.number() }).nullable(),
})
export type WebEvidence = z.infer<typeof WebEvidence>

/** Who can open whose page. `probe` null: not asked yet. */
export const WebMatrix = z.object({
  path: z.string(),
  intervalMs: z.number(),
  parties: z.array(z.object({ name: GuestName, title: z.string(), kind: z.enum(['guest', 'host']) })),
  cells: z.array(z.object({ from: GuestName, to: GuestName, checking: z.boolean(), probe: WebProbe.nullable() })),
})
export type WebMatrix = z.infer<typeof WebMatrix>
export type WebCell = WebMatrix['cells'][number]

const path = z.string().startsWith('/').max(2_000).regex(/^[\x21-\x7e]+$/, 'a path of printable characters without spaces').default('/')
const timeoutMs = z.number().int().positive().max(60_000).default(10_000)

export const web = {
  /** Every ordered pair of running guests, or the named ones only; with `host`, this computer too. */
  probe: oc
    .errors(errors)
    .input(z.object({ from: GuestName.optional(), to: GuestName.optional(), path, timeoutMs, host: z.boolean().default(false) }))
    .output(z.array(WebProbe)),
  /** Asks every pair, the host included, now, and answers when all are known. Watchers see it too. */
  matrix: oc.errors(errors).input(z.object({ path })).output(WebMatrix),
  /** The matrix as it changes. Every `intervalMs` each pair is asked again, only while somebody watches. */
  watch: oc
    .errors(errors)
    .input(z.object({ path, intervalMs: z.number().int().min(2_000).max(600_000).default(15_000) }))
    .output(eventIterator(WebMatrix)),
  /** One pair asked now, with everything there is to see of it. */
  evidence: oc
    .errors(errors)
    .input(z.object({ from: GuestName, to: GuestName, path, timeoutMs }))
    .output(WebEvidence),
}
