import type { GuestView } from '../../src/contract/guest.ts'

/** What part of the two guests' memory is the right one's, 0 to 1: where the crossfader stands. */
export function crossfadeShare(left: Pick<GuestView, 'controls'>, right: Pick<GuestView, 'controls'>): number {
  const amount = ({ controls: { memory } }: Pick<GuestView, 'controls'>) => memory.requested ?? memory.maximum
  const sum = amount(left) + amount(right)
  return sum === 0 ? 0.5 : amount(right) / sum
}
