import { implement } from '@orpc/server'
import { contract } from '../../src/contract/contract.ts'
import { DiscId, type DiscView } from '../../src/contract/disc.ts'

/** `disc`, answered by a host that keeps two: one that can go, one in a drive. */
export function fakeDiscRoutes(watch: (signal: AbortSignal | undefined) => AsyncGenerator<DiscView[], void, void>) {
  const { disc } = implement(contract)
  let discs = [fakeDisc('debian-12.iso', 'a', []), fakeDisc('tools.iso', 'b', ['linux'])]
  return {
    list: disc.list.handler(() => discs),
    watch: disc.watch.handler(({ signal }) => watch(signal)),
    keep: disc.keep.handler(({ input, errors }) => {
      throw errors.NOT_FOUND({ data: { noun: 'upload', name: input.upload, known: [] } })
    }),
    delete: disc.delete.handler(({ input, errors }) => {
      const found = discs.find(({ id }) => id === input.id)
      if (found === undefined) throw errors.NOT_FOUND({ data: { noun: 'disc', name: input.id, known: discs.map(({ id }) => id) } })
      if (found.users.length > 0) throw errors.REFUSED({ data: { code: 'in-use', subject: found.name, reason: `it is in a drive of ${found.users.join(', ')}` } })
      discs = discs.filter((each) => each !== found)
      return { freedBytes: found.bytes }
    }),
  }
}

function fakeDisc(name: string, digit: string, users: string[]): DiscView {
  return { id: DiscId.parse(digit.repeat(32)), name, path: `/data/discs/${digit.repeat(32)}/${name}`, bytes: 400 * 2 ** 20, keptAt: '2026-01-01T00:00:00.000Z', users }
}
