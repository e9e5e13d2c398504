import type { GuestName, MacAddress } from '../../src/contract/names.ts'
import type { MacParts } from '../../src/network/address.ts'
import type { Cable } from './cable.ts'

/** A guest as the fuzzer has it: its place on the switch, and what has come out of it. */
export interface Guest {
  readonly guest: GuestName
  readonly macText: MacAddress
  readonly mac: MacParts
  readonly address: number
  cable: Cable | null
  received: Uint8Array[]
  up: boolean
}
