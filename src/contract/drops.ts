/**
 * The switch's reasons for dropping a frame (its closed set, src/network/drops.ts), each as a phrase that goes on from a
 * count: "3 too short to be Ethernet frames".
 */
const phrases: Readonly<Record<string, string>> = {
  runt: 'too short to be Ethernet frames',
  oversize: 'longer than any packet may be',
  'unknown-source': 'from nobody on this network',
  'mac-spoof': 'from a MAC address of somebody else',
  'ip-spoof': 'from an IP address of another guest or the gateway',
  'role-spoof': 'that posed as the gateway',
  'link-down': 'while a link was cut',
  'no-carrier': 'for a guest that was not connected',
  'queue-full': 'because their receiver or its link was too slow',
  loss: 'lost as its link was asked to',
  storm: 'in a flood of broadcasts',
  'gateway-busy': 'because the gateway was asked too often',
  'gateway-refused': 'that the gateway does not answer',
  hairpin: 'from the sender to itself',
}

/** A count of dropped frames and why, with the switch's name for it: `3 that posed as the gateway (role-spoof)`. */
export function dropInWords(reason: string, count: number): string {
  const phrase = phrases[reason]
  return phrase === undefined ? `${count} ${reason}` : `${count} ${phrase} (${reason})`
}
