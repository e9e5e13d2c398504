import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { errors } from './error.ts'
import { GuestName } from './names.ts'

export const HostInfo = z.object({
  version: z.string(),
  node: z.string(),
  platform: z.string(),
  qemu: z.string().nullable(),
  accelerator: z.object({ kind: z.enum(['kvm', 'tcg']), reason: z.string() }),
  cpus: z.number().int(),
  memoryMiB: z.number(),
  dataDirectory: z.string(),
  cpuCap: z.object({ available: z.boolean(), reason: z.string() }),
  processId: z.number().int(),
  startedAt: z.iso.datetime(),
})
export type HostInfo = z.infer<typeof HostInfo>

/** Live load. CPU in percent of one host CPU (200 = two busy CPUs); memory in MiB; disk in bytes per second. */
export const GuestMeter = z.object({
  guest: GuestName,
  cpuPercent: z.number(),
  residentMiB: z.number(),
  guestUsedMiB: z.number().nullable(),
  guestTotalMiB: z.number().nullable(),
  diskReadBytesPerSecond: z.number(),
  diskWriteBytesPerSecond: z.number(),
})
export type GuestMeter = z.infer<typeof GuestMeter>

export const HostMeter = z.object({
  at: z.iso.datetime(),
  cpuPercent: z.number(),
  memoryUsedMiB: z.number(),
  memoryTotalMiB: z.number(),
  promisedMiB: z.number(),
  guests: z.array(GuestMeter),
})
export type HostMeter = z.infer<typeof HostMeter>

/** One line of `diptych doctor`. */
export const Check = z.object({
  id: z.string(),
  title: z.string(),
  status: z.enum(['ok', 'warning', 'failure']),
  detail: z.string(),
  remedy: z.string().nullable(),
})
export type Check = z.infer<typeof Check>

/** A message for the status bar: something that happened, in words, with the guest it concerns. */
export const Message = z.object({
  sequence: z.number().int(),
  at: z.iso.datetime(),
  level: z.enum(['info', 'warning', 'error']),
  guest: GuestName.nullable(),
  text: z.string(),
})
export type Message = z.infer<typeof Message>

export const host = {
  info: oc.errors(errors).output(HostInfo),
  /** Once a second, coalesced to the newest. */
  meters: oc.errors(errors).output(eventIterator(HostMeter)),
  messages: oc.errors(errors).output(eventIterator(Message)),
  doctor: oc.errors(errors).output(z.array(Check)),
}
