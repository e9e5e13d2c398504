import { stageNetwork } from '../../src/contract/names.ts'
import { parseSubnet } from '../../src/network/address.ts'
import type { DnsCodec } from '../../src/network/dns.ts'
import { ReadBuffers } from '../../src/network/read-buffers.ts'
import type { VirtualSwitchOptions } from '../../src/network/virtual-switch.ts'

const noCodec: DnsCodec = { decode: () => null, encode: () => new Uint8Array(), encodeError: () => new Uint8Array() }

/** A stage's network by itself: nothing is stored, told or asked of the world, time stands still. */
export function switchOptions(change: Partial<VirtualSwitchOptions> = {}): VirtualSwitchOptions {
  let sequence = 0
  return {
    name: stageNetwork,
    subnet: parseSubnet('10.77.0.0/24'),
    domain: 'diptych.internal',
    apex: 'diptych.internal',
    codec: noCodec,
    leases: null,
    now: () => 0,
    wallClock: () => 0,
    random: () => 0.5,
    buffers: new ReadBuffers(),
    wakeAt: () => {},
    saveLeases: () => {},
    event: () => {},
    otherZones: () => [],
    upstream: null,
    socketPathOf: (guest) => `/nowhere/${guest}`,
    nextSequence: () => ++sequence,
    ...change,
  }
}
