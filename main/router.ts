import type { AnyRouter } from '@orpc/server'
import type { HostParts } from './host-parts.ts'
import { base } from './routes/base.ts'
import { guestRoutes } from './routes/guest.ts'
import { hostRoutes } from './routes/host.ts'
import { networkRoutes } from './routes/network.ts'
import { stageRoutes } from './routes/stage.ts'
import { taskRoutes } from './routes/task.ts'
import { webRoutes } from './routes/web.ts'

/** The contract, answered: one file of routes per noun. */
export function createRouter(parts: HostParts): AnyRouter {
  return base.router({
    host: hostRoutes(parts),
    guest: guestRoutes(parts),
    network: networkRoutes(parts),
    stage: stageRoutes(parts),
    web: webRoutes(parts.web),
    task: taskRoutes(parts.tasks),
  })
}
