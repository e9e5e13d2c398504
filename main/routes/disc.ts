import type { DiscService } from '../disc-service.ts'
import { base } from './base.ts'

export function discRoutes(discs: DiscService) {
  const route = base.disc
  return {
    list: route.list.handler(() => discs.list()),
    watch: route.watch.handler(({ signal }) => discs.watch(signal)),
    keep: route.keep.handler(({ input }) => discs.keep(input.upload)),
    delete: route.delete.handler(async ({ input }) => ({ freedBytes: await discs.delete(input.id) })),
  }
}
