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

/**
 * Live load, measured on the host unless a field says otherwise; nothing here repeats a request. CPU in percent of one
 * host CPU (200 = two busy CPUs), memory in MiB. Null where it cannot be measured: no agent, no balloon, no control group.
 */
export const GuestMeter = z.object({
  guest: GuestName,
  /** Of the QEMU process. */
  cpuPercent: z.number(),
  /** Time in which the CPU cap held the guest's threads back, as the kernel counts it; all threads together. */
  throttledPercent: z.number().nullable(),
  /** This guest's part of the CPU time that all guests got, 0 to 100. */
  cpuSharePercent: z.number().nullable(),
  /** vCPUs of the machine (the engine's word) and those the guest has online (its agent's). */
  vcpusPlugged: z.number().int().nullable(),
  vcpusOnline: z.number().int().nullable(),
  residentMiB: z.number(),
  /** What the guest may use: its boot memory less the balloon, and what was added since. */
  actualMiB: z.number().nullable(),
  /** The guest's own words, through its balloon driver. */
  guestUsedMiB: z.number().nullable(),
  guestTotalMiB: z.number().nullable(),
  guestAvailableMiB: z.number().nullable(),
  diskReadBytesPerSecond: z.number(),
  diskWriteBytesPerSecond: z.number(),
  diskReadsPerSecond: z.number(),
  diskWritesPerSecond: z.number(),
  /** As the switch counts them; the guest's view: `tx` leaves it. */
  txBitsPerSecond: z.number(),
  rxBitsPerSecond: z.number(),
})
export type GuestMeter = z.infer<typeof GuestMeter>

/**
 * What of one resource is promised to the running guests, in use, and left to promise. `reserve` is kept for the host
 * itself; `limit` = total - reserve; `free` = limit - promised, negative when more was promised than there is.
 */
export const BudgetShare = z.object({
  total: z.number(),
  reserve: z.number(),
  limit: z.number(),
  promised: z.number(),
  inUse: z.number(),
  free: z.number(),
  guests: z.array(z.object({ guest: GuestName, promised: z.number(), inUse: z.number() })),
})
export type BudgetShare = z.infer<typeof BudgetShare>

/** Memory in MiB, CPU in percent of one host CPU. A guest's promise is its memory and the lesser of its cap and its vCPUs. */
export const HostBudget = z.object({ memory: BudgetShare, cpu: BudgetShare })
export type HostBudget = z.infer<typeof HostBudget>

export const HostMeter = z.object({
  at: z.iso.datetime(),
  cpuPercent: z.number(),
  memoryUsedMiB: z.number(),
  memoryTotalMiB: z.number(),
  promisedMiB: z.number(),
  budget: HostBudget,
  guests: z.array(GuestMeter),
})
export type HostMeter = z.infer<typeof HostMeter>

/** minute: 60 s in steps of 1 s; quarter-hour: 15 min in steps of 5 s; session: since the host started, in steps that grow with it. */
export const HistorySpan = z.enum(['minute', 'quarter-hour', 'session'])
export type HistorySpan = z.infer<typeof HistorySpan>

const series = z.array(z.number().nullable())

/** One guest's load over time: means of each step, null where it was not running. The arrays are as long as `at`. */
export const GuestHistory = z.object({
  guest: GuestName,
  cpuPercent: series,
  memoryMiB: series,
  diskReadBytesPerSecond: series,
  diskWriteBytesPerSecond: series,
  txBitsPerSecond: series,
  rxBitsPerSecond: series,
})
export type GuestHistory = z.infer<typeof GuestHistory>

/** `at` holds the end of each step in milliseconds since 1970, oldest first. */
export const HostHistory = z.object({ span: HistorySpan, stepMs: z.number(), at: z.array(z.number()), guests: z.array(GuestHistory) })
export type HostHistory = z.infer<typeof HostHistory>

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
  budget: oc.errors(errors).output(HostBudget),
  history: oc
    .errors(errors)
    .input(z.object({ span: HistorySpan.default('minute') }))
    .output(HostHistory),
  /** The same as comma-separated values (RFC 4180), one line per guest and step, with a name to save it under. */
  exportHistory: oc
    .errors(errors)
    .input(z.object({ span: HistorySpan.default('session') }))
    .output(z.object({ fileName: z.string(), csv: z.string() })),
}
