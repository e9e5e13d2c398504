import type { HostParts } from '../host-parts.ts'
import { base } from './base.ts'

export function imageRoutes({ images, exports }: Pick<HostParts, 'images' | 'exports'>) {
  const route = base.image
  return {
    inspect: route.inspect.handler(({ input }) => images.inspect(input.source, input.raw)),
    import: route.import.handler(({ input, signal }) => images.import(input, signal)),
    export: route.export.handler(({ input, signal }) => exports.export(input, signal)),
  }
}
