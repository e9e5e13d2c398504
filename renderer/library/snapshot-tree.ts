/** What the timeline has to know of a snapshot. */
export interface TreeNode {
  readonly id: string
  /** The snapshot it was taken after; null for the first of a tree. */
  readonly parent: string | null
  readonly takenAt: string
}

/** Where a snapshot stands: columns from left (oldest) to right, lanes from top to bottom. */
export interface Placed {
  readonly id: string
  readonly column: number
  readonly lane: number
  /** The one it is joined to on its left; null for a root, also where its parent was deleted. */
  readonly parent: string | null
}

/**
 * Lays snapshots out as a timeline with branches: the oldest child of a snapshot stays in its lane, each younger one
 * opens a lane below everything so far. `now`, when given, is placed as a last child of that snapshot.
 */
export function placeSnapshots(snapshots: readonly TreeNode[], now: { readonly id: string; readonly parent: string | null } | null): { readonly placed: readonly Placed[]; readonly columns: number; readonly lanes: number } {
  const known = new Set(snapshots.map(({ id }) => id))
  const nodes = snapshots.toSorted((left, right) => left.takenAt.localeCompare(right.takenAt) || left.id.localeCompare(right.id)).map(({ id, parent }) => ({ id, parent: parent !== null && known.has(parent) ? parent : null }))
  if (now !== null) nodes.push({ id: now.id, parent: now.parent !== null && known.has(now.parent) ? now.parent : null })
  const placed: Placed[] = []
  let lanes = 0
  const visited = new Set<string>()
  const place = (id: string, parent: string | null, column: number, lane: number): void => {
    if (visited.has(id)) return
    visited.add(id)
    placed.push({ id, column, lane, parent })
    let first = true
    for (const child of nodes.filter((node) => node.parent === id)) {
      place(child.id, id, column + 1, first ? lane : lanes++)
      first = false
    }
  }
  for (const root of nodes.filter((node) => node.parent === null)) place(root.id, null, 0, lanes++)
  // Only a damaged file holds a circle of parents; its snapshots are there all the same.
  for (const { id } of nodes) if (!visited.has(id)) place(id, null, 0, lanes++)
  return { placed, columns: Math.max(0, ...placed.map(({ column }) => column + 1)), lanes }
}
