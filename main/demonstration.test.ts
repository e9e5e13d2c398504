import { expect, test } from 'vitest'
import { GuestName } from '../src/contract/names.ts'
import { type GuestDefinition, demonstrationGuests } from '../src/guest/definition.ts'
import { macsOf } from '../src/guest/new-guest.ts'
import { demonstrationGuest } from './demonstration.ts'
import type { GuestRegistry } from './guest-registry.ts'
import type { LibraryService } from './library-service.ts'

const linux = GuestName.parse('linux')

function world(definitions: GuestDefinition[]) {
  const guests = {
    unusable: [],
    find: (name: string) => definitions.map((definition) => ({ definition })).find(({ definition }) => definition.name === name),
    all: () => definitions.map((definition) => ({ definition })),
    create: async (definition: GuestDefinition) => {
      definitions.push(definition)
      return { definition }
    },
  } as unknown as GuestRegistry // the part of one that is asked here
  const library = { takenMacs: () => new Set(definitions.flatMap(macsOf)) } as unknown as LibraryService
  return { guests, library }
}

test('a demonstration guest is made once, with the identity its warm state is saved under', async () => {
  const { guests, library } = world([])
  const made = await demonstrationGuest(guests, library, linux)
  expect(made).toEqual(demonstrationGuests()[0])
  expect(await demonstrationGuest(guests, library, linux)).toBe(made)
})

test('beside one that was renamed it gets an identity of its own', async () => {
  const [original] = demonstrationGuests()
  if (original === undefined) throw new Error('no demonstration guest')
  const { guests, library } = world([{ ...original, name: GuestName.parse('old-linux') }])
  const made = await demonstrationGuest(guests, library, linux)
  expect(made).toMatchObject({ name: 'linux', source: original.source })
  expect([made.uuid, made.mac]).not.toContain(original.uuid)
  expect(made.mac).not.toBe(original.mac)
})

test('no other guest is made so', async () => {
  const { guests, library } = world([])
  await expect(demonstrationGuest(guests, library, GuestName.parse('other'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
})
