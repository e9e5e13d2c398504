import { useShallow } from 'zustand/react/shallow'
import type { GuestName } from '../../src/contract/names.ts'
import { displayName } from '../format.ts'
import { stageSnapshotsCalled, titlesNeeding } from '../stage/stage-past.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Confirm } from '../ui/confirm.tsx'

/** Asks before a guest goes to the trash, and says what cannot be gone back to while it is there. */
export function DeleteGuest({ guest, onClose }: { readonly guest: GuestName; readonly onClose: () => void }) {
  const session = useSession()
  const view = useWindow((state) => state.guests[guest]?.view)
  const needing = useWindow(useShallow((state) => titlesNeeding(state.stageSnapshots, (part) => part.guest === guest && part.place === 'guest')))
  if (view === undefined) return null
  return (
    <Confirm
      title={`Delete ${displayName(view)}?`}
      text="It goes to the trash at the end of the library, whole, and can be restored from there until it is deleted for good."
      warning={needing.length === 0 ? null : `While it is in the trash, the stage cannot go back to ${stageSnapshotsCalled(needing)}; once it is deleted for good, never again.`}
      action="Delete"
      danger
      keep="Keep it"
      onClose={onClose}
      onConfirm={() => void session.ask(`delete ${guest}`, (client) => client.guest.delete({ name: guest, force: needing.length > 0 }))}
    />
  )
}
