import type { AnyRouter } from '@orpc/server'
import type { HostParts } from './host-parts.ts'
import { base } from './routes/base.ts'
import { discRoutes } from './routes/disc.ts'
import { guestRoutes } from './routes/guest.ts'
import { hostRoutes } from './routes/host.ts'
import { imageRoutes } from './routes/image.ts'
import { libraryRoutes } from './routes/library.ts'
import { networkRoutes } from './routes/network.ts'
import { osRoutes } from './routes/os.ts'
import { snapshotRoutes } from './routes/snapshot.ts'
import { stageRoutes } from './routes/stage.ts'
import { taskRoutes } from './routes/task.ts'
import { templateRoutes } from './routes/template.ts'
import { trashRoutes } from './routes/trash.ts'
import { webRoutes } from './routes/web.ts'

/** The contract, answered: one file of routes per noun. */
export function createRouter(parts: HostParts): AnyRouter {
  return base.router({
    disc: discRoutes(parts.discs),
    host: hostRoutes(parts),
    guest: { ...guestRoutes(parts), ...libraryRoutes(parts) },
    image: imageRoutes(parts),
    network: networkRoutes(parts),
    os: osRoutes(parts.systems),
    snapshot: snapshotRoutes(parts),
    stage: stageRoutes(parts),
    web: webRoutes(parts.web),
    task: taskRoutes(parts.tasks),
    template: templateRoutes(parts),
    trash: trashRoutes(parts),
  })
}
