import type { Client } from '../../src/contract/connection.ts'
import type { CopiedFile, CopySource } from '../../src/contract/guest-agent.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { refusalCodeOf, sentenceFor } from '../../src/contract/sentence.ts'
import { byteCount } from '../format.ts'
import { handOver } from '../library/hand-over.ts'
import { noticeFor } from '../notice.ts'
import type { Session } from '../store/session.ts'
import type { Sending } from '../store/state.ts'
import type { Dropped } from '../ui/use-drop.ts'
import { fileName } from './folder.ts'

export interface CopyIn {
  readonly guest: GuestName
  /** Files handed to the window, or full paths on the host's computer. */
  readonly files: readonly (File | string)[]
  /** A full path in the guest; of a folder when there is more than one file. */
  readonly to: string
  readonly overwrite: boolean
}

/** The files of what was dropped; of folders, which an agent cannot be given, the person is told what to do instead. */
export function filesToCopy(session: Session, { files, folders }: Dropped): readonly File[] {
  if (folders.length > 0) {
    const what = folders.length === 1 ? `“${folders[0]}” is a folder; only files` : `“${folders.join('”, “')}” are folders; only files`
    session.notify({ level: 'warning', text: `${what} are copied into a guest.`, next: 'Pack it first (zip or tar), copy that one file, and unpack it in the guest.' })
  }
  return files
}

/** Copies one file after the other into a guest; the first that cannot be copied, or is cancelled, ends it. */
export async function copyFilesIn(session: Session, { guest, files, to, overwrite }: CopyIn): Promise<void> {
  for (const file of files) {
    const name = typeof file === 'string' ? fileName(file) : file.name
    const from = typeof file === 'string' ? { path: file } : await send(session, guest, file)
    if (from === null) return
    const rest = files.slice(files.indexOf(file) + 1)
    const copied = await copy(session, `copy ${name} into ${guest}`, overwrite, (client, replace) => client.guest.copyIn({ name: guest, from, to, overwrite: replace }), {
      done: (made) => tell(session, `${name} was copied into ${guest}.`, made),
      after: () => copyFilesIn(session, { guest, files: rest, to, overwrite }),
    })
    if (!copied) return
  }
}

/** Copies a file of the guest to a full path of the host's computer. */
export async function copyFileOut(session: Session, guest: GuestName, from: string, to: string, overwrite: boolean): Promise<void> {
  await copy(session, `copy ${fileName(from)} out of ${guest}`, overwrite, (client, replace) => client.guest.copyOut({ name: guest, from, to, overwrite: replace }), {
    done: (made) => tell(session, `${fileName(from)} was copied out of ${guest}.`, made),
    after: async () => undefined,
  })
}

interface Then {
  done(copied: CopiedFile): void
  /** What was to follow, for the case that it is asked whether to replace a file, and answered yes. */
  after(): Promise<void>
}

/** One copy. Where a file is in the way, the person is asked whether to replace it. False when nothing was copied. */
async function copy(session: Session, asked: string, overwrite: boolean, call: (client: Client, overwrite: boolean) => Promise<CopiedFile>, then: Then): Promise<boolean> {
  try {
    then.done(await call(session.connection.client, overwrite))
    return true
  } catch (error) {
    // A question must not take the place of what the person is doing meanwhile.
    if (refusalCodeOf(error) !== 'already-exists' || session.store.getState().dialog !== null) session.notify(noticeFor(error, asked))
    else {
      const again = async () => {
        if (await copy(session, asked, true, call, then)) await then.after()
      }
      session.open({ kind: 'replace', reason: sentenceFor(error).what, force: () => void again() })
    }
    return false
  }
}

function tell(session: Session, text: string, { path, bytes }: CopiedFile): void {
  session.notify({ level: 'info', text, next: `It is ${path}, ${byteCount(bytes)}, the same on both sides by its checksum.` })
}

let sent = 0

/** Gives the host a file of this window; seen in the window's store on its way. Null when it did not arrive. */
async function send(session: Session, guest: GuestName, file: File): Promise<CopySource | null> {
  sent += 1
  const id = sent
  const ended = new AbortController()
  const change = (sending: (before: readonly Sending[]) => readonly Sending[]) => session.store.setState((state) => ({ sending: sending(state.sending) }))
  change((before) => [...before, { id, guest, title: `sending ${file.name} to the host`, fraction: 0, cancel: () => ended.abort() }])
  try {
    return await handOver(file, (fraction) => change((before) => before.map((each) => (each.id === id ? { ...each, fraction } : each))), ended.signal)
  } catch (error) {
    if (!ended.signal.aborted) session.notify(noticeFor(error, `hand ${file.name} to the host`))
    return null
  } finally {
    change((before) => before.filter((each) => each.id !== id))
  }
}
