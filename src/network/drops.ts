/** Why a frame went no further. A closed set: meters add them up, the port's statistics name each. */
export const DROP_REASONS = [
  'runt', // shorter than an Ethernet header
  'oversize', // longer than the largest IPv4 packet and its header
  'unknown-source', // from a connection no port is defined for
  'mac-spoof', // from another MAC than the port's
  'ip-spoof', // from an address that belongs to another guest or the gateway
  'role-spoof', // what only the gateway may say: DHCP answers, router advertisements, redirects
  'link-down',
  'no-carrier', // its receiver is not connected
  'queue-full', // its receiver reads too slowly, or its link is too slow
  'loss', // as the link's conditions ask
  'storm', // too many broadcasts and frames to unknown receivers
  'gateway-busy', // more than the gateway answers
  'gateway-refused', // malformed or not meant for a guest to ask
  'hairpin', // sent to an address behind its own port
] as const

export type DropReason = (typeof DROP_REASONS)[number]
export type DropCounts = Record<DropReason, number>

export function noDrops(): DropCounts {
  return Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as DropCounts // every key is there by construction
}

export function totalDrops(counts: DropCounts): number {
  return DROP_REASONS.reduce((sum, reason) => sum + counts[reason], 0)
}
