import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { Control, ControlChange, ControlName, ControlResult, Priority } from './control.ts'
import { errors } from './error.ts'
import { agentCalls } from './guest-agent.ts'
import { LinkView } from './link.ts'
import { GuestName, MacAddress } from './names.ts'
import { Activity, Policies } from './policy.ts'

/** The guest's life. The state diagram stands in src/guest/lifecycle.ts. */
export const GuestState = z.enum(['defined', 'starting', 'running', 'paused', 'suspending', 'suspended', 'stopping', 'stopped', 'failed'])
export type GuestState = z.infer<typeof GuestState>

/** Off: no machine runs, and nothing of its memory is kept. */
export function isStopped(state: GuestState): boolean {
  return state === 'defined' || state === 'stopped' || state === 'failed'
}

/** Off, or suspended to disk: no machine runs. */
export function isOff(state: GuestState): boolean {
  return isStopped(state) || state === 'suspended'
}

/** absent: never seen in this run; silent: seen, not answering now; live: answering. */
export const AgentState = z.enum(['absent', 'silent', 'live'])
export type AgentState = z.infer<typeof AgentState>

export const GuestKind = z.enum(['linux', 'windows', 'windows-stand-in', 'other'])
export type GuestKind = z.infer<typeof GuestKind>

export const GuestAction = z.enum(['start', 'stop', 'forceStop', 'restart', 'pause', 'resume', 'suspend', 'reset', 'snapshot', 'restore', 'set', 'sendKeys', 'screenshot', 'exec'])
export type GuestAction = z.infer<typeof GuestAction>

/** The answer of the one `can` table for one action: allowed, or why not (a whole sentence). */
export const ActionAnswer = z.object({ allowed: z.boolean(), reason: z.string().nullable() })
export type ActionAnswer = z.infer<typeof ActionAnswer>

export const ClipboardMode = z.enum(['off', 'guest-to-host', 'both'])
export type ClipboardMode = z.infer<typeof ClipboardMode>

/** Milliseconds since this run's power-on (or warm start), each null until it has happened. */
export const Milestones = z.object({
  runningMs: z.number().nullable(),
  screenLiveMs: z.number().nullable(),
  addressMs: z.number().nullable(),
  /** The guest agent answered, be it that it still has to be told who it is. */
  agentMs: z.number().nullable(),
  webAnsweringMs: z.number().nullable(),
})
export type Milestones = z.infer<typeof Milestones>

export const GuestView = z.object({
  name: GuestName,
  title: z.string(),
  kind: GuestKind,
  state: GuestState,
  /** Why the guest is `failed`, or what it is doing right now while `starting`/`stopping`. */
  detail: z.string().nullable(),
  /** While it is being stopped gracefully: when its patience ends and the stop is given up. */
  stopDeadline: z.iso.datetime().nullable(),
  agent: AgentState,
  /** How this run began: power-on, a warm state, its own saved memory (suspended, or a snapshot), or a template's. Null while it is not running. */
  boot: z.enum(['cold', 'warm', 'restored', 'cloned']).nullable(),
  startedAt: z.iso.datetime().nullable(),
  milestones: Milestones,
  os: z.object({ name: z.string(), version: z.string().nullable(), hostName: z.string().nullable(), source: z.enum(['agent', 'definition']) }),
  network: z.object({
    mac: MacAddress,
    dnsName: z.string(),
    ipv4: z.string().nullable(),
    ipv6: z.string().nullable(),
    linkUp: z.boolean(),
    link: LinkView,
  }),
  /** `size` is what the definition says; a guest may have taken another since. */
  screen: z.object({ available: z.boolean(), reason: z.string().nullable(), size: z.object({ width: z.number(), height: z.number() }) }),
  clipboard: ClipboardMode,
  vcpus: z.number().int(),
  controls: z.record(ControlName, Control),
  /** The preset whose values are all asked for, or null. */
  priority: Priority.nullable(),
  policies: Policies,
  actions: z.record(GuestAction, ActionAnswer),
})
export type GuestView = z.infer<typeof GuestView>

/** A view with its generation, rising by one per change of that guest; older ones are to be dropped. */
export const GuestUpdate = z.object({ generation: z.number().int(), view: GuestView })
export type GuestUpdate = z.infer<typeof GuestUpdate>

export const GuestEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('listed'), guests: z.array(GuestUpdate) }),
  z.object({ type: z.literal('changed'), guest: GuestUpdate }),
  z.object({ type: z.literal('removed'), name: GuestName }),
])
export type GuestEvent = z.infer<typeof GuestEvent>

/** What became of an action: done now, or it was so already. */
export const ActionResult = z.object({ outcome: z.enum(['done', 'already']), guest: GuestUpdate })

const named = z.object({ name: GuestName })

/** A value of a slider before and after the crossfade. Units as in Control; null is no cap. */
const Moved = z.object({ guest: GuestName, control: ControlName, before: z.number().nullable(), after: z.number().nullable() })

/** What a crossfade did. `limits` says in words what kept it from going all the way. */
export const CrossfadeResult = z.object({
  moved: z.array(Moved),
  limits: z.array(z.string()),
  /** Give each to `set`, in this order, and everything is as before, also what later crossfades between the two moved. */
  undo: z.array(z.object({ name: GuestName, change: ControlChange })),
  guests: z.array(GuestUpdate),
})
export type CrossfadeResult = z.infer<typeof CrossfadeResult>

export const guest = {
  list: oc.errors(errors).output(z.array(GuestUpdate)),
  get: oc.errors(errors).input(named).output(GuestUpdate),
  /** First event `listed`, then changes as they happen. */
  watch: oc.errors(errors).output(eventIterator(GuestEvent)),
  /**
   * Refused (`over-budget`) when it would promise more memory than the host has besides its reserve; with `force` only when
   * the host would certainly have to swap.
   */
  start: oc
    .errors(errors)
    .input(named.extend({ boot: z.enum(['auto', 'warm', 'cold']).default('auto'), force: z.boolean().default(false) }))
    .output(ActionResult),
  /**
   * Graceful: agent, then ACPI; waits until stopped or `timeoutMs` (see `stopDeadline`), then refuses (`not-followed`) with
   * what to do next; the guest is left running.
   */
  stop: oc
    .errors(errors)
    .input(named.extend({ mode: z.enum(['graceful', 'force']).default('graceful'), timeoutMs: z.number().int().positive().default(60_000) }))
    .output(ActionResult),
  /** Graceful stop, then a start from its own disk, as one request. A guest that does not stop in time is left running. */
  restart: oc
    .errors(errors)
    .input(named.extend({ timeoutMs: z.number().int().positive().default(60_000) }))
    .output(ActionResult),
  pause: oc.errors(errors).input(named).output(ActionResult),
  /**
   * Writes its memory beside its disk and ends its process; `start` goes on from exactly there, once. `start` with `boot`
   * cold throws the saved memory away instead. Progress is a task of kind `suspend`.
   */
  suspend: oc.errors(errors).input(named).output(ActionResult),
  resume: oc.errors(errors).input(named).output(ActionResult),
  reset: oc.errors(errors).input(named).output(ActionResult),
  /**
   * Moves sliders. Answers when each change took effect or stopped short (at most `waitMs` for memory and vCPUs, which the
   * guest has to follow). Raising beyond the host's budget is refused (`over-budget`) without `force`.
   */
  set: oc
    .errors(errors)
    .input(named.extend({ change: ControlChange, waitMs: z.number().int().min(0).max(60_000).default(0), force: z.boolean().default(false) }))
    .output(z.object({ results: z.partialRecord(ControlName, ControlResult), guest: GuestUpdate })),
  /**
   * Divides what two guests have of CPU (cap and vCPUs) and memory: `share` 0 to 1 goes to `right`, the rest to `left`, as far
   * as both stay within their ranges; the sum stays. Asking for the same share again changes nothing.
   */
  crossfade: oc
    .errors(errors)
    .input(z.object({ left: GuestName, right: GuestName, share: z.number().min(0).max(1), waitMs: z.number().int().min(0).max(60_000).default(0) }))
    .output(CrossfadeResult),
  /** Replaces the policies in the guest's file. They hold from now on. */
  setPolicies: oc.errors(errors).input(named.extend({ policies: Policies })).output(GuestUpdate),
  /** What was done to the guest, oldest first: policies with their rule, changes, starts and ends. */
  activity: oc
    .errors(errors)
    .input(named.extend({ limit: z.number().int().min(1).max(500).default(100) }))
    .output(z.array(Activity)),
  setClipboard: oc.errors(errors).input(named.extend({ mode: ClipboardMode })).output(GuestUpdate),
  /** Presses the keys together, then releases them. QEMU key codes (QKeyCode), e.g. ['ctrl','alt','delete']. */
  sendKeys: oc
    .errors(errors)
    .input(named.extend({ keys: z.array(z.string().regex(/^[a-z0-9_]{1,24}$/)).min(1).max(8), holdMs: z.number().int().min(1).max(5_000).default(100) }))
    .output(z.object({})),
  /** The guest's screen as PNG, base64. */
  screenshot: oc.errors(errors).input(named).output(z.object({ png: z.string(), width: z.number(), height: z.number() })),
  /** Runs a program in the guest through its agent. */
  exec: oc
    .errors(errors)
    .input(named.extend({ path: z.string().min(1), args: z.array(z.string()).default([]), timeoutMs: z.number().int().positive().max(600_000).default(30_000) }))
    .output(z.object({ exitCode: z.number(), stdout: z.string(), stderr: z.string() })),
  ...agentCalls,
  /** The last lines of what the guest and its QEMU wrote. */
  logs: oc
    .errors(errors)
    .input(named.extend({ source: z.enum(['serial', 'engine']).default('serial'), lines: z.number().int().min(1).max(10_000).default(200) }))
    .output(z.object({ text: z.string(), path: z.string() })),
}
