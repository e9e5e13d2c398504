import { EngineFault } from '../engine.ts'
import { unlessRefused, type AgentCall } from './agent-call.ts'
import { AgentRefusal } from './agent-session.ts'
import { asNumber } from './json.ts'

const pingTimeoutMs = 2_000

/**
 * The agent's file system freeze (guest-fsfreeze-*). Owns what is known of it: `#wanted` from a freeze until its thaw is asked
 * for; `#owed` until a thaw is answered, because a freeze whose answer came too late is one all the same.
 */
export class AgentFreeze {
  readonly #call: AgentCall
  #wanted = false
  #owed = false

  constructor(call: AgentCall) {
    this.#call = call
  }

  async freeze(timeoutMs: number): Promise<number> {
    // A guest that does not even answer this is never sent a freeze, so it needs no thaw either.
    await this.#call('guest-ping', undefined, pingTimeoutMs)
    const owed = this.#owed
    this.#wanted = true
    this.#owed = true
    try {
      const held = asNumber(await this.#call('guest-fsfreeze-freeze', undefined, timeoutMs))
      if (held === null) throw new EngineFault('agent', 'The guest agent did not say what it froze')
      return Math.max(0, Math.trunc(held))
    } catch (error) {
      // The agent lets go of what it had frozen before it refuses (qga/commands-posix.c, qmp_guest_fsfreeze_freeze_list);
      // one that is frozen since earlier refuses too, and stays so.
      if (error instanceof AgentRefusal) this.#owed = owed
      throw error
    }
  }

  /** Answers at once when nothing can be frozen by this side. */
  async thaw(timeoutMs: number): Promise<void> {
    this.#wanted = false
    if (!this.#owed) return
    await this.#call('guest-fsfreeze-thaw', undefined, timeoutMs)
    this.#owed = false
  }

  async thawLeftover(): Promise<boolean> {
    if (this.#wanted) return false
    const status = await unlessRefused(this.#call('guest-fsfreeze-status'), () => 'thawed')
    if (status !== 'frozen' || this.#wanted) return false
    await this.#call('guest-fsfreeze-thaw')
    this.#owed = false
    return true
  }
}
