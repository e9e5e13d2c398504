import type { GuestAgent } from './agent.ts'
import { unlessAborted } from './unless-aborted.ts'

export interface FreezeOptions {
  /** How long the guest may take to freeze: its own hooks (a database's checkpoint) run first. */
  readonly freezeTimeoutMs?: number
  /** How long its writes may be held back; then it is thawed and `work` goes on. Windows lets go after 10 s by itself. */
  readonly holdMs?: number
  /** Ends the waiting at once, with its reason: `work` is not begun any more, or has ended; the guest is thawed behind its back. */
  readonly signal?: AbortSignal | undefined
  /** Whether the machine has ended: then nobody is frozen. */
  readonly gone?: () => boolean
  /** Told when the guest may still be frozen after a minute of trying to thaw it. */
  stillFrozen(reason: string): void
}

export interface Frozen<T> {
  readonly result: T
  /** File systems that were held for the whole time of `work`; 0 when the guest could not be frozen, or not for so long. */
  readonly held: number
  /** Why `held` is 0; null otherwise. */
  readonly reason: string | null
}

const thawTimeoutMs = 5_000
const thawPatienceMs = 60_000
const thawPauseMs = 500

/** Until when the guest is somebody's: a second freeze would be refused, and its thaw would let go of the first. */
const turns = new WeakMap<GuestAgent, Promise<void>>()

/**
 * Runs `work` while the guest's file systems are frozen, so that a disk snapshot taken by it is one that the guest's file
 * systems and databases made ready for. A guest that cannot be frozen is not in the way: `work` runs all the same, as
 * after a power cut, and `reason` says so. The guest is thawed whatever happens: also when the freeze came too late, and
 * again and again when it does not answer. (A killed host cannot: the next one does, see `thawLeftover`.) Who asks the same
 * of one guest meanwhile waits until it is thawed.
 */
export async function whileFrozen<T>(agent: GuestAgent, work: () => Promise<T>, options: FreezeOptions): Promise<Frozen<T>> {
  const { freezeTimeoutMs = 20_000, holdMs = 9_000, signal } = options
  signal?.throwIfAborted()
  const before = turns.get(agent) ?? Promise.resolve()
  let letGo: () => void = () => undefined
  turns.set(agent, new Promise((resolve) => (letGo = resolve)))
  await unlessAborted(before, signal).catch((error: unknown) => {
    void before.then(letGo)
    throw error
  })
  const freezing = agent.freeze(freezeTimeoutMs).then(
    (held) => ({ held, reason: held > 0 ? null : 'the guest has no file system that can be frozen' }),
    (error: unknown) => ({ held: 0, reason: error instanceof Error ? error.message : String(error) }),
  )
  let thawing: Promise<void> | null = null
  const thaw = () => (thawing ??= freezing.then(() => thawSurely(agent, options)).finally(letGo))
  let tooLong = false
  let limit: unknown
  try {
    const frozen = await unlessAborted(freezing, signal)
    limit = setTimeout(() => {
      tooLong = true
      void thaw()
    }, holdMs)
    const result = await work()
    return tooLong ? { result, held: 0, reason: `the guest could not be held for longer than ${holdMs / 1000} s` } : { result, ...frozen }
  } finally {
    clearTimeout(limit)
    await unlessAborted(thaw(), signal)
  }
}

async function thawSurely(agent: GuestAgent, { stillFrozen, gone = () => false }: FreezeOptions): Promise<void> {
  const deadline = performance.now() + thawPatienceMs
  for (;;) {
    try {
      await agent.thaw(thawTimeoutMs)
      return
    } catch (error) {
      if (gone()) return
      if (performance.now() < deadline) await new Promise<void>((resolve) => void setTimeout(resolve, thawPauseMs))
      else return stillFrozen(error instanceof Error ? error.message : String(error))
    }
  }
}
