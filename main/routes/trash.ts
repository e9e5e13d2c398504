import type { HostParts } from '../host-parts.ts'
import { base } from './base.ts'

export function trashRoutes({ library, saved, templates }: Pick<HostParts, 'library' | 'saved' | 'templates'>) {
  const route = base.trash
  /** Templates that were made on the way to clones go with the last of them. */
  const withTemplates = async <T>(purged: Promise<T>): Promise<T> => {
    const answer = await purged
    await templates.sweep()
    return answer
  }
  return {
    list: route.list.handler(() => library.listTrash()),
    watch: route.watch.handler(({ signal }) => library.watchTrash(signal)),
    restore: route.restore.handler(({ input }) => library.restore(input.id, input.name)),
    purge: route.purge.handler(async ({ input: { id, force } }) => {
      if (!force) saved.stage.parts.demandTrashUnneeded(id)
      return { freedBytes: await withTemplates(library.purge(id)) }
    }),
    empty: route.empty.handler(({ input: { force } }) => {
      if (!force) saved.stage.parts.demandTrashUnneeded(null)
      return withTemplates(library.purgeAll())
    }),
  }
}
