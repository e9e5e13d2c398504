import { implement } from '@orpc/server'
import { contract } from '../../src/contract/contract.ts'
import type { GuestUpdate } from '../../src/contract/guest.ts'
import type { GuestName } from '../../src/contract/names.ts'

interface NotFound {
  NOT_FOUND(options: { data: { noun: string; name: string; known: string[] } }): Error
}

/** `template`, answered by a host that has none: what is asked for by name is not found, and making one names an existing guest. */
export function fakeTemplateRoutes(find: (name: GuestName, errors: NotFound) => GuestUpdate, watch: (signal: AbortSignal | undefined) => AsyncGenerator<never[], void, void>) {
  const { template } = implement(contract)
  const unknown = (name: string, errors: NotFound) => errors.NOT_FOUND({ data: { noun: 'template', name, known: [] } })
  return {
    list: template.list.handler(() => []),
    watch: template.watch.handler(({ signal }) => watch(signal)),
    make: template.make.handler(({ input, errors }) => {
      const { view } = find(input.guest, errors)
      throw errors.REFUSED({ data: { code: 'wrong-state', subject: view.name, reason: `${view.name} is ${view.state}` } })
    }),
    retitle: template.retitle.handler(({ input, errors }) => {
      throw unknown(input.name, errors)
    }),
    delete: template.delete.handler(({ input, errors }) => {
      throw unknown(input.name, errors)
    }),
    thumbnail: template.thumbnail.handler(({ input, errors }) => {
      throw unknown(input.name, errors)
    }),
    clone: template.clone.handler(({ input, errors }) => {
      throw unknown('template' in input.from ? input.from.template : input.from.guest, errors)
    }),
    flatten: template.flatten.handler(({ input, errors }) => find(input.guest, errors)),
    startFresh: template.startFresh.handler(({ input, errors }) => find(input.guest, errors)),
  }
}
