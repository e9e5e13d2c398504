import type { HostParts } from '../host-parts.ts'
import { base } from './base.ts'

export function stageRoutes({ stage, stageEvents, saved }: Pick<HostParts, 'stage' | 'stageEvents' | 'saved'>) {
  const route = base.stage
  const snapshots = saved.stage
  return {
    get: route.get.handler(() => stage.view()),
    watch: route.watch.handler(({ signal }) => stageEvents.subscribe([stage.view()], signal)),
    up: route.up.handler(({ input }) => stage.up(input.boot)),
    cancel: route.cancel.handler(() => stage.cancel()),
    down: route.down.handler(({ input }) => stage.down(input.mode)),
    reset: route.reset.handler(() => stage.reset()),
    snapshots: route.snapshots.handler(() => snapshots.list()),
    watchSnapshots: route.watchSnapshots.handler(async ({ signal }) => snapshots.events.subscribe([await snapshots.list()], signal)),
    takeSnapshot: route.takeSnapshot.handler(({ input, signal }) => snapshots.take(input.title, signal)),
    restoreSnapshot: route.restoreSnapshot.handler(async ({ input, signal }) => {
      const { title } = snapshots.find(input.id)
      await snapshots.demandUsable(input.id)
      const kept = input.keep ? await snapshots.take(`Before going back to ${title}`.slice(0, 80), signal) : null
      await snapshots.restore(input.id, signal)
      await stage.refresh()
      return { stage: stage.view(), kept }
    }),
    renameSnapshot: route.renameSnapshot.handler(({ input }) => snapshots.rename(input.id, input.title)),
    deleteSnapshot: route.deleteSnapshot.handler(async ({ input }) => ({ reclaimedBytes: await snapshots.delete(input.id) })),
  }
}
