import type { GuestName } from '../src/contract/names.ts'
import type { Activity } from '../src/contract/policy.ts'

const keptPerGuest = 500

/** What was done to each guest and which rule wanted it, the newest five hundred per guest; as long as the host runs. */
export class ActivityLog {
  readonly #entries = new Map<GuestName, Activity[]>()
  #count = 0

  add(guest: GuestName, rule: string | null, text: string): void {
    this.#count += 1
    const entries = this.#entries.get(guest) ?? []
    entries.push({ sequence: this.#count, at: new Date().toISOString(), guest, rule, text })
    if (entries.length > keptPerGuest) entries.shift()
    this.#entries.set(guest, entries)
  }

  /** Oldest first. */
  read(guest: GuestName, limit: number): Activity[] {
    return (this.#entries.get(guest) ?? []).slice(-limit)
  }
}
