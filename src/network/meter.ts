import type { PortMeter } from '../contract/network.ts'
import { totalDrops } from './drops.ts'
import type { Port } from './port.ts'

/** How often meters are read: 4 Hz. */
export const METER_INTERVAL_MS = 250

interface Sample {
  txBytes: number
  rxBytes: number
  txBitsPerSecond: number
  rxBitsPerSecond: number
}

/** Turns the ports' running tallies into rates over the last interval. Owned by the switch, sampled at 4 Hz. */
export class Meters {
  readonly #samples = new WeakMap<Port, Sample>()
  #atMs: number

  constructor(nowMs: number) {
    this.#atMs = nowMs
  }

  sample(ports: Iterable<Port>, nowMs: number): void {
    const seconds = (nowMs - this.#atMs) / 1_000
    if (seconds <= 0) return
    this.#atMs = nowMs
    for (const port of ports) {
      const before = this.#samples.get(port) ?? { txBytes: 0, rxBytes: 0, txBitsPerSecond: 0, rxBitsPerSecond: 0 }
      this.#samples.set(port, {
        txBytes: port.tx.bytes,
        rxBytes: port.rx.bytes,
        txBitsPerSecond: Math.round(((port.tx.bytes - before.txBytes) * 8) / seconds),
        rxBitsPerSecond: Math.round(((port.rx.bytes - before.rxBytes) * 8) / seconds),
      })
    }
  }

  read(port: Port): Omit<PortMeter, 'network'> {
    const sample = this.#samples.get(port)
    return {
      guest: port.settings.guest,
      connected: port.wire !== null,
      linkUp: port.up,
      txBytes: port.tx.bytes,
      rxBytes: port.rx.bytes,
      txPackets: port.tx.packets,
      rxPackets: port.rx.packets,
      drops: totalDrops(port.drops),
      txBitsPerSecond: sample?.txBitsPerSecond ?? 0,
      rxBitsPerSecond: sample?.rxBitsPerSecond ?? 0,
    }
  }
}
