import { sentenceFor, troubleOf } from '../src/contract/sentence.ts'

/** What a person reads when something they asked of the window did not happen. */
export interface NoticeText {
  readonly level: 'info' | 'warning' | 'error'
  /** What did not happen. */
  readonly text: string
  /** Why, and what to do next. */
  readonly next: string
}

/** Puts whatever a call was rejected with into words. `asked` completes "could not …", e.g. `start linux`. */
export function noticeFor(error: unknown, asked: string): NoticeText {
  const trouble = troubleOf(error)
  if (trouble === 'DISCONNECTED') {
    return { level: 'warning', text: `Could not ${asked}.`, next: 'The connection to the host is lost. The window reconnects by itself; then try again.' }
  }
  const { what, wayOut } = sentenceFor(error)
  if (trouble === 'CANCELLED') return { level: 'info', text: what, next: wayOut ?? '' }
  return { level: trouble === 'REFUSED' ? 'warning' : 'error', text: `Could not ${asked}.`, next: wayOut === null ? what : `${what} ${wayOut}` }
}
