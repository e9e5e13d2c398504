import type { HostParts } from '../host-parts.ts'
import { base } from './base.ts'

export function snapshotRoutes({ guests, saved: { snapshots, stage } }: Pick<HostParts, 'guests' | 'saved'>) {
  const route = base.snapshot
  return {
    list: route.list.handler(({ input }) => snapshots.tree(guests.get(input.guest).definition.name)),
    watch: route.watch.handler(({ signal }) => snapshots.watch(signal)),
    take: route.take.handler(({ input, signal }) => snapshots.take(input.guest, { title: input.title, kind: input.kind, signal })),
    restore: route.restore.handler(async ({ input, signal }) => {
      const { title } = snapshots.find(input.guest, input.id)
      const { diskOnly } = input
      await snapshots.demandUsable(input.guest, input.id, { diskOnly })
      const kept = input.keep ? await snapshots.take(input.guest, { title: `Before going back to ${title}`.slice(0, 80), signal }) : null
      await snapshots.restore(input.guest, input.id, { signal, diskOnly })
      return { guest: guests.get(input.guest).current(), kept }
    }),
    delete: route.delete.handler(async ({ input: { guest, id, force } }) => {
      const { title } = snapshots.find(guest, id)
      if (!force) stage.parts.demandUnneeded(title, [id], 'delete it all the same with --force; or delete the stage snapshot: diptych snapshot delete @stage')
      return { reclaimedBytes: await snapshots.delete(guest, id) }
    }),
    rename: route.rename.handler(({ input }) => snapshots.rename(input.guest, input.id, input.title)),
    thumbnail: route.thumbnail.handler(({ input }) => snapshots.thumbnail(input.guest, input.id)),
  }
}
