import type { WebService } from '../web-service.ts'
import { base } from './base.ts'

export function webRoutes(web: WebService) {
  const route = base.web
  return {
    probe: route.probe.handler(({ input }) => web.probe(input)),
    matrix: route.matrix.handler(({ input }) => web.matrix(input.path)),
    watch: route.watch.handler(({ input, signal }) => web.watch(input.path, input.intervalMs, signal)),
    evidence: route.evidence.handler(({ input }) => web.evidence(input)),
  }
}
