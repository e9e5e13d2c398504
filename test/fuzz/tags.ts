import { concat, u16 } from '../../src/network/bytes.ts'
import { ETHERTYPE } from '../../src/network/packet.ts'
import type { Dice } from './dice.ts'

const TAGS: readonly number[] = [ETHERTYPE.vlan, ETHERTYPE.providerVlan]

/** What a frame carries behind all its tags. */
export function untagged(frame: Uint8Array): { readonly etherType: number; readonly payload: Uint8Array } {
  const etherType = u16(frame, 12)
  if (!TAGS.includes(etherType) || frame.length < 18) return { etherType, payload: frame.subarray(14) }
  return untagged(concat(frame.subarray(0, 12), frame.subarray(16)))
}

/** The frame with up to three tags in front of what it carries. */
export function tagged(dice: Dice, frame: Uint8Array): Uint8Array {
  const tags = Array.from({ length: 1 + dice.below(3) }, () => Uint8Array.of(...dice.pick([[0x81, 0], [0x88, 0xa8]]), 0, dice.pick([0, 0, 5])))
  return concat(frame.subarray(0, 12), ...tags, frame.subarray(12))
}
