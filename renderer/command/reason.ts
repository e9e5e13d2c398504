import type { ActionAnswer } from '../../src/contract/guest.ts'

/** Why an action of the `can` table cannot be done; null when it can. */
export function reasonAgainst(answer: ActionAnswer | undefined): string | null {
  if (answer?.allowed === true) return null
  return answer?.reason ?? 'The host does not offer this for the guest.'
}
