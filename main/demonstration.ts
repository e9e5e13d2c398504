import { randomBytes } from 'node:crypto'
import type { GuestName } from '../src/contract/names.ts'
import { MissingPrerequisite } from '../src/contract/refusal.ts'
import { type GuestDefinition, demonstrationGuests } from '../src/guest/definition.ts'
import { identityFor } from '../src/guest/new-guest.ts'
import { notFound } from './error-map.ts'
import type { GuestRegistry } from './guest-registry.ts'
import type { LibraryService } from './library-service.ts'

/**
 * The demonstration guest of that name; written to disk on first use, and again after it was deleted or renamed. Where the
 * one that was renamed still has the identity, it gets one of its own (and with it a warm state of its own).
 */
export async function demonstrationGuest(guests: GuestRegistry, library: LibraryService, name: GuestName): Promise<GuestDefinition> {
  const known = guests.find(name)
  if (known !== undefined) return known.definition
  const unusable = guests.unusable.find((guest) => guest.name === name)
  if (unusable !== undefined) throw new MissingPrerequisite(unusable.path, unusable.reason, `correct ${unusable.path}, or move it away and start again`)
  const definition = demonstrationGuests().find((guest) => guest.name === name)
  if (definition === undefined) throw notFound('demonstration guest', name, demonstrationGuests().map((guest) => guest.name))
  const others = guests.all().map((owner) => owner.definition)
  const identity = identityFor(definition, others, library.takenMacs(), (count) => randomBytes(count))
  return (await guests.create({ ...definition, ...identity })).definition
}
