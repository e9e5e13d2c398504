import type { LibraryService } from '../library-service.ts'
import { base } from './base.ts'

export function trashRoutes(library: LibraryService) {
  const route = base.trash
  return {
    list: route.list.handler(() => library.listTrash()),
    watch: route.watch.handler(({ signal }) => library.watchTrash(signal)),
    restore: route.restore.handler(({ input }) => library.restore(input.id, input.name)),
    purge: route.purge.handler(async ({ input }) => ({ freedBytes: await library.purge(input.id) })),
    empty: route.empty.handler(() => library.purgeAll()),
  }
}
