import type { OsService } from '../os-service.ts'
import { base } from './base.ts'

export function osRoutes(systems: OsService) {
  const route = base.os
  return {
    list: route.list.handler(() => systems.list()),
    detect: route.detect.handler(({ input }) => systems.detect(input.path)),
    resources: route.resources.handler(({ input }) => systems.resources(input.system)),
  }
}
