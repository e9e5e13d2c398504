import { z } from 'zod'
import { LinkShapeChange } from './link.ts'

/** The slider-backed settings of a guest (first cut; later ones join this list). */
export const ControlName = z.enum(['cpuCap', 'memory', 'linkBandwidth'])
export type ControlName = z.infer<typeof ControlName>

/** Whether and when a change acts. `unavailable` always comes with a reason. */
export const Applies = z.enum(['live', 'next-boot', 'unavailable'])
export type Applies = z.infer<typeof Applies>

/**
 * One slider: what was asked, what is in force, and what can be asked.
 *
 * Units: `cpuCap` in percent of one host CPU (200 = two CPUs, `null` = no cap), `memory` in MiB,
 * `linkBandwidth` in bits per second (`null` = unlimited). `following` means effective is still moving towards
 * requested; `not-followed` that it stopped short, with `note` saying what the guest did instead.
 */
export const Control = z.object({
  name: ControlName,
  requested: z.number().nullable(),
  effective: z.number().nullable(),
  minimum: z.number(),
  maximum: z.number(),
  step: z.number(),
  /** Whether the top of the range means "no limit" (requested and effective are then null). */
  unlimited: z.boolean(),
  unit: z.enum(['percent', 'MiB', 'bit/s']),
  marks: z.array(z.object({ value: z.number(), label: z.string() })),
  applies: Applies,
  reason: z.string().nullable(),
  status: z.enum(['settled', 'following', 'not-followed']),
  note: z.string().nullable(),
})
export type Control = z.infer<typeof Control>

/** What a client asks: every field optional, only the named ones change. */
export const ControlChange = z
  .object({
    cpuCap: z.number().positive().nullable().optional(),
    memory: z.number().int().positive().optional(),
    linkBandwidth: z.number().int().positive().nullable().optional(),
    linkUp: z.boolean().optional(),
    /** Delay, loss and rate of each direction; `linkBandwidth` is the tighter of the two rates. */
    link: LinkShapeChange.optional(),
  })
  .strict()
export type ControlChange = z.infer<typeof ControlChange>

export const ControlResult = z.object({
  requested: z.number().nullable(),
  effective: z.number().nullable(),
  status: Control.shape.status,
  note: z.string().nullable(),
})
export type ControlResult = z.infer<typeof ControlResult>
