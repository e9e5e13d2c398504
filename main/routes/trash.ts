import type { HostParts } from '../host-parts.ts'
import { base } from './base.ts'

export function trashRoutes({ library, saved }: Pick<HostParts, 'library' | 'saved'>) {
  const route = base.trash
  return {
    list: route.list.handler(() => library.listTrash()),
    watch: route.watch.handler(({ signal }) => library.watchTrash(signal)),
    restore: route.restore.handler(({ input }) => library.restore(input.id, input.name)),
    purge: route.purge.handler(async ({ input: { id, force } }) => {
      if (!force) saved.stage.parts.demandTrashUnneeded(id)
      return { freedBytes: await library.purge(id) }
    }),
    empty: route.empty.handler(({ input: { force } }) => {
      if (!force) saved.stage.parts.demandTrashUnneeded(null)
      return library.purgeAll()
    }),
  }
}
