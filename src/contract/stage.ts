import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { errors } from './error.ts'
import { GuestName } from './names.ts'

/**
 * One step of getting from nothing to a live pair. `fraction` is null while it cannot be told; `expectedSeconds`
 * is what is left, measured or estimated.
 */
export const SetupStep = z.object({
  id: z.enum(['packages', 'guest:linux', 'guest:windows', 'network', 'start:linux', 'start:windows', 'warm']),
  title: z.string(),
  status: z.enum(['waiting', 'running', 'done', 'failed', 'cancelled']),
  detail: z.string(),
  fraction: z.number().min(0).max(1).nullable(),
  expectedSeconds: z.number().nullable(),
  remedy: z.string().nullable(),
})
export type SetupStep = z.infer<typeof SetupStep>

/**
 * idle: nothing asked yet; working: see steps; ready: both guests run; failed/cancelled: `up` may be asked again
 * and goes on where it stopped.
 */
export const StageView = z.object({
  status: z.enum(['idle', 'working', 'ready', 'failed', 'cancelled']),
  steps: z.array(SetupStep),
  guests: z.array(GuestName),
  /** Whether a warm snapshot exists that fits this host; the next start then takes seconds. */
  warm: z.boolean(),
})
export type StageView = z.infer<typeof StageView>

export const stage = {
  get: oc.errors(errors).output(StageView),
  watch: oc.errors(errors).output(eventIterator(StageView)),
  /** Sets up what is missing and starts the pair; answers when both run. Asking again joins the work under way. */
  up: oc
    .errors(errors)
    .input(z.object({ boot: z.enum(['auto', 'cold']).default('auto') }))
    .output(StageView),
  /** Stops the work of `up` under way; what is finished stays. */
  cancel: oc.errors(errors).output(StageView),
  /** Stops every guest of the stage, then the switch. */
  down: oc
    .errors(errors)
    .input(z.object({ mode: z.enum(['graceful', 'force']).default('graceful') }))
    .output(StageView),
}
