import type { HostParts } from '../host-parts.ts'
import { base } from './base.ts'

/** The part of `guest` that makes, changes and removes guests. */
export function libraryRoutes({ library, editing, creating }: Pick<HostParts, 'library' | 'editing' | 'creating'>) {
  const { guest } = base
  return {
    propose: guest.propose.handler(({ input }) => creating.propose(input)),
    create: guest.create.handler(({ input, signal }) => creating.create(input, signal)),
    settings: guest.settings.handler(({ input }) => editing.settings(input.name)),
    planEdit: guest.planEdit.handler(({ input }) => editing.plan(input.name, input.changes)),
    edit: guest.edit.handler(({ input }) => editing.edit(input.name, input.changes, input.basedOn)),
    rename: guest.rename.handler(({ input }) => editing.rename(input.name, input.to)),
    delete: guest.delete.handler(({ input }) => library.delete(input.name)),
    growDisk: guest.growDisk.handler(({ input }) => editing.growDisk(input.name, input.diskMiB)),
  }
}
