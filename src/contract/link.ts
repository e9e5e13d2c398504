import { z } from 'zod'

/** Rates a link can be held to, in bits per second; `null` = as fast as it goes. */
const BitsPerSecond = z.number().int().min(8_000).max(100_000_000_000).nullable()
const Milliseconds = z.number().min(0).max(10_000)
/** A probability, 0 to 1. */
const Share = z.number().min(0).max(1)

/**
 * What a link does to the frames of one direction. `latencyMs` is one way: a round trip through a link shaped in both
 * directions takes twice as much longer. `jitterMs` varies it evenly both ways; `reorder` is the share of frames that
 * skip the delay and overtake.
 */
export const LinkConditions = z.object({ bitsPerSecond: BitsPerSecond, latencyMs: Milliseconds, jitterMs: Milliseconds, loss: Share, reorder: Share }).strict()
export type LinkConditions = z.infer<typeof LinkConditions>

/** Both directions, the guest's view: `tx` leaves the guest (its upload), `rx` reaches it (its download). */
export const LinkShape = z.object({ tx: LinkConditions, rx: LinkConditions }).strict()
export type LinkShape = z.infer<typeof LinkShape>

/** A preset first, then what is named for both directions, then each direction's own; what is not named stays. */
export const LinkShapeChange = z
  .object({
    preset: z.string().min(1).max(32).optional(),
    both: LinkConditions.partial().optional(),
    tx: LinkConditions.partial().optional(),
    rx: LinkConditions.partial().optional(),
  })
  .strict()
export type LinkShapeChange = z.infer<typeof LinkShapeChange>

/** A link as a person knows it (DSL, 4G, offline). */
export const LinkPreset = LinkShape.extend({ name: z.string(), title: z.string(), up: z.boolean() })
export type LinkPreset = z.infer<typeof LinkPreset>

/** What is asked of a guest's link and what the switch has in force; `preset` names the one that is asked, if any. */
export const LinkView = z.object({ requested: LinkShape, effective: LinkShape, preset: z.string().nullable() })
export type LinkView = z.infer<typeof LinkView>

export const unshaped: LinkConditions = { bitsPerSecond: null, latencyMs: 0, jitterMs: 0, loss: 0, reorder: 0 }
