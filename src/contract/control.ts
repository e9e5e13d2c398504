import { z } from 'zod'
import { LinkShapeChange } from './link.ts'

/** The slider-backed settings of a guest. */
export const ControlName = z.enum(['vcpus', 'cpuCap', 'cpuWeight', 'memory', 'diskIops', 'diskBandwidth', 'linkBandwidth'])
export type ControlName = z.infer<typeof ControlName>

/** What each is called where people write and read it: `diptych set`, what commands print, refusals. */
export const settingNames: Readonly<Record<ControlName, string>> = {
  vcpus: 'vcpus',
  cpuCap: 'cpu.cap',
  cpuWeight: 'cpu.weight',
  memory: 'memory',
  diskIops: 'disk.iops',
  diskBandwidth: 'disk.bandwidth',
  linkBandwidth: 'link',
}

/** Whether and when a change acts. `unavailable` always comes with a reason. */
export const Applies = z.enum(['live', 'next-boot', 'unavailable'])
export type Applies = z.infer<typeof Applies>

/** floor: below it the guest would suffer; boot: what it started with; maximum: the most it can be given; else a guide. */
export const Mark = z.object({ value: z.number(), label: z.string(), kind: z.enum(['floor', 'boot', 'maximum', 'guide']).optional() })
export type Mark = z.infer<typeof Mark>

/**
 * One slider: what was asked, what is in force, and what can be asked. What is measured beside it arrives once a second
 * in `host.meters`.
 *
 * Units: `vcpus` in vCPUs, `cpuCap` in percent of one host CPU (200 = two CPUs, `null` = no cap), `cpuWeight` without
 * one (10 to 1 000, 100 is everybody's default), `memory` in MiB, `diskIops` in reads and writes per second,
 * `diskBandwidth` in bytes per second, `linkBandwidth` in bits per second (`null` = unlimited). `following` means
 * effective is still moving towards requested; `not-followed` that it stopped short, with `note` saying what the guest
 * did instead. A settled control may carry a note too: what to know of how it works here.
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
  unit: z.enum(['vCPU', 'percent', 'weight', 'MiB', 'IO/s', 'B/s', 'bit/s']),
  marks: z.array(Mark),
  applies: Applies,
  reason: z.string().nullable(),
  status: z.enum(['settled', 'following', 'not-followed']),
  note: z.string().nullable(),
  /** Raising it beyond this value promises more than the host has, and is refused unless forced. Absent: no such value. */
  budgetMaximum: z.number().optional(),
})
export type Control = z.infer<typeof Control>

/** Sets weight, cap and disk limits together. `star` is the guest the audience looks at ("booth star"). */
export const Priority = z.enum(['low', 'normal', 'star'])
export type Priority = z.infer<typeof Priority>

/** What a client asks: every field optional, only the named ones change. */
export const ControlChange = z
  .object({
    vcpus: z.number().int().positive().optional(),
    cpuCap: z.number().positive().nullable().optional(),
    cpuWeight: z.number().int().positive().optional(),
    memory: z.number().int().positive().optional(),
    diskIops: z.number().int().positive().nullable().optional(),
    diskBandwidth: z.number().int().positive().nullable().optional(),
    linkBandwidth: z.number().int().positive().nullable().optional(),
    linkUp: z.boolean().optional(),
    /** Delay, loss and rate of each direction; `linkBandwidth` is the tighter of the two rates. */
    link: LinkShapeChange.optional(),
    /** The preset's values first; what else is named wins over them. */
    priority: Priority.optional(),
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
