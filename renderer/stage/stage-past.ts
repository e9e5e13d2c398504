import type { GuestView } from '../../src/contract/guest.ts'
import type { SnapshotTree, SnapshotView } from '../../src/contract/snapshot.ts'
import type { StageSnapshotPart, StageSnapshotView } from '../../src/contract/stage.ts'
import { displayName } from '../format.ts'

type Trees = Readonly<Record<string, SnapshotTree>>
type Titles = Readonly<Record<string, { readonly view: GuestView }>>

/** One guest's part of a stage snapshot. */
export interface StagePart {
  readonly guest: StageSnapshotPart['guest']
  readonly title: string
  readonly kind: 'live' | 'disk'
  readonly place: StageSnapshotPart['place']
  /** Undefined when its guest does not have it. */
  readonly snapshot: SnapshotView | undefined
}

export function partsOf({ parts }: StageSnapshotView, trees: Trees, guests: Titles): readonly StagePart[] {
  return parts.map(({ guest, snapshot, kind, place }) => {
    const view = guests[guest]?.view
    return { guest, title: view === undefined ? guest : displayName(view), kind, place, snapshot: trees[guest]?.snapshots.find(({ id }) => id === snapshot) }
  })
}

/** What a part is, in a word or two. */
export function partWords({ kind, place }: Pick<StagePart, 'kind' | 'place'>): string {
  if (place === 'gone') return 'deleted'
  return place === 'trash' ? 'in the trash' : kind === 'live' ? 'memory and disk' : 'disk only'
}

/** The titles of the stage snapshots that would be of no use without such a part; those that are of none already do not count. */
export function titlesNeeding(snapshots: readonly StageSnapshotView[], of: (part: StageSnapshotPart) => boolean): readonly string[] {
  return snapshots.filter(({ parts }) => parts.some(of) && parts.every(({ place }) => place !== 'gone')).map(({ title }) => title)
}

/** `the stage snapshot “a”`, `the stage snapshots “a” and “b”`, and of more the first three and how many others. */
export function stageSnapshotsCalled(titles: readonly string[]): string {
  const shown = titles.slice(0, titles.length > 4 ? 3 : 4).map((title) => `“${title}”`)
  const others = titles.length - shown.length
  return `the stage snapshot${titles.length === 1 ? '' : 's'} ${listed(others === 0 ? shown : [...shown, `${others} others`])}`
}

/** What all parts take on the host's disk now, in bytes; null when a guest has not got its own, or it could not be told. */
export function bytesOf(parts: readonly StagePart[]): number | null {
  return parts.reduce<number | null>((sum, { snapshot }) => (sum === null || snapshot === undefined || snapshot.diskBytes === null ? null : sum + snapshot.memoryBytes + snapshot.diskBytes), 0)
}

/** `Linux`, `Linux and Windows`, `Linux, Windows and Router`. */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`
}

/** What going back changes and what is lost by it, one sentence each. `when` is its time in words. */
export function lossOf(parts: readonly StagePart[], when: string, stage: readonly { readonly name: string; readonly title: string }[], keep: boolean): readonly string[] {
  const disks = parts.filter(({ kind }) => kind === 'disk').map(({ title }) => title)
  const others = stage.filter(({ name }) => parts.every(({ guest }) => guest !== name)).map(({ title }) => title)
  const several = parts.length > 1
  return [
    `${listed(parts.map(({ title }) => title))} ${several ? 'become what they were' : 'becomes what it was'} on ${when}${several ? ', with their links and the connections between them' : ', with its link'}.`,
    ...(disks.length === 0 ? [] : [`Of ${listed(disks)} only the disk was kept: if on now, ${disks.length > 1 ? 'they boot from it' : 'it boots from it'}.`]),
    ...(others.length === 0 ? [] : [`${listed(others)} ${others.length > 1 ? 'stay as they are' : 'stays as it is'}: not in this snapshot.`]),
    keep ? `What ${several ? 'they are' : 'it is'} now is kept as another snapshot first.` : `What ${several ? 'they are' : 'it is'} now is lost: open programs, and all that was written to the disks since then.`,
  ]
}
