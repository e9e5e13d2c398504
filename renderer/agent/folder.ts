import type { GuestInspection } from '../../src/contract/guest-agent.ts'
import type { GuestKind } from '../../src/contract/guest.ts'

type Users = GuestInspection['users']

/** Where a file that is copied into the guest most likely is to go: to whoever is logged in, else where everybody looks. */
export function likelyFolder(kind: GuestKind, users: Users): string {
  const user = users?.[0]?.name
  if (kind === 'windows') return user === undefined ? 'C:\\Users\\Public\\Documents' : `C:\\Users\\${user}\\Desktop`
  return user === undefined ? '/tmp' : user === 'root' ? '/root' : `/home/${user}`
}

/** Whether a path names a place from the top, as the guest's system writes it. */
export function isFullPath(kind: GuestKind, path: string): boolean {
  return kind === 'windows' ? /^[A-Za-z]:[\\/]|^\\\\/.test(path) : path.startsWith('/')
}

/** What is wrong with a path that is to name a place in the guest; null when nothing is. */
export function guestPathProblem(kind: GuestKind, path: string): string | null {
  return isFullPath(kind, path) ? null : `Write the whole path in the guest, from ${kind === 'windows' ? 'C:\\' : '/'} on.`
}

/** Whether a path names a place from the top on the host's computer, whose system the window does not know. */
export function isHostPath(path: string): boolean {
  return /^([/\\]|[A-Za-z]:)/.test(path)
}

/** The last part of a path of either kind of system. */
export function fileName(path: string): string {
  return path.split(/[\\/]/).findLast((part) => part !== '') ?? path
}
