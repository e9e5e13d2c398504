import type { HostParts } from '../host-parts.ts'
import { demandStopped } from '../library-service.ts'
import { base } from './base.ts'

/** The part of `guest` that makes, changes and removes guests. */
export function libraryRoutes({ guests, library, editing, creating, saved }: Pick<HostParts, 'guests' | 'library' | 'editing' | 'creating' | 'saved'>) {
  const { guest } = base
  return {
    propose: guest.propose.handler(({ input }) => creating.propose(input)),
    create: guest.create.handler(({ input, signal }) => creating.create(input, signal)),
    settings: guest.settings.handler(({ input }) => editing.settings(input.name)),
    planEdit: guest.planEdit.handler(({ input }) => editing.plan(input.name, input.changes)),
    edit: guest.edit.handler(({ input }) => editing.edit(input.name, input.changes, input.basedOn)),
    rename: guest.rename.handler(({ input }) => editing.rename(input.name, input.to)),
    delete: guest.delete.handler(({ input: { name, force } }) => {
      demandStopped(guests, name, 'deleted')
      if (!force) saved.stage.parts.demandGuestUnneeded(name)
      return library.delete(name)
    }),
    growDisk: guest.growDisk.handler(({ input }) => editing.growDisk(input.name, input.diskMiB)),
  }
}
