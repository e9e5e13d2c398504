import { z } from 'zod'

/** Why a request was refused. A closed set: the sentence for each is written once, in `sentence.ts`. */
export const RefusalCode = z.enum([
  'wrong-state', // the guest's state does not allow the action
  'busy', // another request for this guest is being carried out
  'not-followed', // the guest was asked and did not do it in time
  'agent-needed', // the guest agent is absent or silent
  'unsupported', // the engine or this host cannot do it for this guest
  'out-of-range', // a value lies outside what this host and guest can do
  'over-budget', // would promise more than the host has
  'already-exists',
  'in-use',
  'would-break', // something that is kept would be of no use without it; `force` does it all the same
  'unsafe', // a file from elsewhere asks for what such a file has no business to
  'not-importable', // a file from elsewhere is nothing that becomes a guest, or not yet
  'damaged', // a file from elsewhere is cut short or contradicts itself
])
export type RefusalCode = z.infer<typeof RefusalCode>

/**
 * Error codes on the wire. `refused` and `not-found` are answers; `failed` means the world outside failed
 * (QEMU, a file, the network); `prerequisite` names something the person has to install or free.
 */
export const errors = {
  NOT_FOUND: {
    status: 404,
    message: 'not found',
    data: z.object({ noun: z.string(), name: z.string(), known: z.array(z.string()) }),
  },
  REFUSED: {
    status: 409,
    message: 'refused',
    data: z.object({ code: RefusalCode, subject: z.string(), reason: z.string(), remedy: z.string().optional() }),
  },
  FAILED: {
    status: 500,
    message: 'failed',
    data: z.object({ part: z.string(), reason: z.string(), remedy: z.string().optional() }),
  },
  PREREQUISITE: {
    status: 424,
    message: 'prerequisite missing',
    data: z.object({ what: z.string(), reason: z.string(), remedy: z.string() }),
  },
  CANCELLED: { status: 499, message: 'cancelled', data: z.object({ what: z.string() }) },
} as const

export type ErrorCode = keyof typeof errors
export type ErrorData<C extends ErrorCode> = z.infer<(typeof errors)[C]['data']>
