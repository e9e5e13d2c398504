import type { HostParts } from '../host-parts.ts'
import { base } from './base.ts'

export function templateRoutes({ templates, clones }: Pick<HostParts, 'templates' | 'clones'>) {
  const route = base.template
  return {
    list: route.list.handler(() => templates.list()),
    watch: route.watch.handler(({ signal }) => templates.watch(signal)),
    make: route.make.handler(({ input, signal }) => templates.make(input, signal)),
    retitle: route.retitle.handler(({ input }) => templates.retitle(input.name, input.title)),
    delete: route.delete.handler(async ({ input }) => ({ freedBytes: await templates.delete(input.name) })),
    thumbnail: route.thumbnail.handler(({ input }) => templates.thumbnail(input.name)),
    clone: route.clone.handler(({ input, signal }) => clones.clone(input, signal)),
    flatten: route.flatten.handler(({ input, signal }) => clones.flatten(input.guest, signal)),
    startFresh: route.startFresh.handler(({ input }) => clones.startFresh(input.guest, input.force)),
  }
}
