import type { Message } from '../src/contract/host.ts'
import type { GuestName } from '../src/contract/names.ts'
import { Publisher } from '../src/publisher.ts'
import type { HostLogger } from './host-types.ts'

const kept = 100

/** What happened, in words: shown in the status bar, kept for late readers, written to the log. */
export class Journal {
  readonly published = new Publisher<Message>()
  readonly #logger: HostLogger
  readonly #recent: Message[] = []
  #count = 0

  constructor(logger: HostLogger) {
    this.#logger = logger
  }

  get recent(): Message[] {
    return [...this.#recent]
  }

  say(level: Message['level'], guest: GuestName | null, text: string): void {
    this.#count += 1
    const message: Message = { sequence: this.#count, at: new Date().toISOString(), level, guest, text }
    this.#recent.push(message)
    if (this.#recent.length > kept) this.#recent.shift()
    this.published.publish(message)
    const log = { info: this.#logger.info, warning: this.#logger.warn, error: this.#logger.error }[level]
    log.call(this.#logger, { guest }, text)
  }
}
