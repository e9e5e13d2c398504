import type { HostParts } from '../host-parts.ts'
import { base } from './base.ts'

export function stageRoutes({ stage, stageEvents }: Pick<HostParts, 'stage' | 'stageEvents'>) {
  const route = base.stage
  return {
    get: route.get.handler(() => stage.view()),
    watch: route.watch.handler(({ signal }) => stageEvents.subscribe([stage.view()], signal)),
    up: route.up.handler(({ input }) => stage.up(input.boot)),
    cancel: route.cancel.handler(() => stage.cancel()),
    down: route.down.handler(({ input }) => stage.down(input.mode)),
  }
}
