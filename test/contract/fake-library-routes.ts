import { implement } from '@orpc/server'
import { contract } from '../../src/contract/contract.ts'
import type { TrashItem } from '../../src/contract/trash.ts'
import { type FakeLibrary, FakeRefusal, fakeResources, fakeSystemOn, fakeSystems } from './fake-library.ts'

interface Thrower {
  NOT_FOUND(options: { data: { noun: string; name: string; known: string[] } }): Error
  REFUSED(options: { data: { code: FakeRefusal['code']; subject: string; reason: string } }): Error
}

/** The parts of the contract that make, change and delete guests, answered by a library in memory. */
export function fakeLibraryRoutes(library: FakeLibrary, known: (name: string) => boolean, watchTrash: (signal: AbortSignal | undefined) => AsyncGenerator<TrashItem[], void, void>) {
  const os = implement(contract)
  const answer = <T>(subject: string, errors: Thrower, work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw error instanceof FakeRefusal ? errors.REFUSED({ data: { code: error.code, subject, reason: error.message } }) : error
    }
  }
  const of = <T>(name: string, errors: Thrower, work: () => T): T => {
    if (!known(name)) throw errors.NOT_FOUND({ data: { noun: 'guest', name, known: [] } })
    return answer(name, errors, work)
  }
  const trashed = (id: string, errors: Thrower): TrashItem => {
    const item = library.item(id)
    if (item === undefined) throw errors.NOT_FOUND({ data: { noun: 'deleted guest', name: id, known: library.trash.map((each) => each.id) } })
    return item
  }
  return {
    guest: {
      propose: os.guest.propose.handler(({ input }) => library.propose(input)),
      create: os.guest.create.handler(({ input, errors }) => answer(input.name ?? 'the guest', errors, () => library.create(input))),
      settings: os.guest.settings.handler(({ input, errors }) => of(input.name, errors, () => library.settings(input.name))),
      planEdit: os.guest.planEdit.handler(({ input, errors }) => of(input.name, errors, () => library.plan(input.name, input.changes))),
      edit: os.guest.edit.handler(({ input, errors }) => of(input.name, errors, () => library.edit(input.name, input.changes))),
      rename: os.guest.rename.handler(({ input, errors }) => of(input.name, errors, () => library.edit(input.name, { name: input.to }).guest)),
      delete: os.guest.delete.handler(({ input, errors }) => of(input.name, errors, () => library.delete(input.name))),
      growDisk: os.guest.growDisk.handler(({ input, errors }) => of(input.name, errors, () => library.settings(input.name))),
    },
    trash: {
      list: os.trash.list.handler(() => library.trash),
      watch: os.trash.watch.handler(({ signal }) => watchTrash(signal)),
      restore: os.trash.restore.handler(({ input, errors }) => answer(input.id, errors, () => library.restore(trashed(input.id, errors), input.name))),
      purge: os.trash.purge.handler(({ input, errors }) => answer(input.id, errors, () => ({ freedBytes: library.purge([trashed(input.id, errors)]) }))),
      empty: os.trash.empty.handler(({ errors }) => {
        const purged = library.trash.length
        return answer('the trash', errors, () => ({ freedBytes: library.purge(library.trash), purged }))
      }),
    },
    os: {
      list: os.os.list.handler(() => ({ systems: fakeSystems, note: null })),
      detect: os.os.detect.handler(({ input }) => {
        const system = fakeSystemOn(input.path)
        return { system, resources: fakeResources(system?.id ?? null), label: null, bootable: true, note: null }
      }),
      resources: os.os.resources.handler(({ input }) => fakeResources(input.system)),
    },
  }
}
