import { describe, expect, it } from 'vitest'
import { switchOptions } from '../../test/fake/switch-options.ts'
import { GuestName, MacAddress } from '../contract/names.ts'
import { macParts } from './address.ts'
import { BackPressure } from './back-pressure.ts'
import { concat } from './bytes.ts'
import { Ingress } from './ingress.ts'
import { ethernet } from './packet.ts'
import { VirtualSwitch } from './virtual-switch.ts'
import type { Wire } from './wire.ts'

function sender(): Wire & { paused: number } {
  const wire = { backlogBytes: 0, paused: 0, send: () => {}, close: () => {}, pause: () => void wire.paused++, resume: () => void wire.paused-- }
  return wire
}

describe('back pressure', () => {
  it('holds each sender once, until the port has drained', () => {
    const pressure = new BackPressure()
    const [one, other] = [sender(), sender()]
    expect(pressure.hold(one, 0)).toBe(true)
    expect(pressure.hold(one, 1)).toBe(true)
    expect(pressure.hold(other, 2)).toBe(true)
    expect([one.paused, other.paused, pressure.patienceEndsMs]).toEqual([1, 1, 10])
    pressure.release()
    expect([one.paused, other.paused, pressure.patienceEndsMs]).toEqual([0, 0, null])
  })

  it('counts its patience from the first sender held, and anew after every draining', () => {
    const pressure = new BackPressure()
    pressure.hold(sender(), 5)
    pressure.release()
    pressure.hold(sender(), 100)
    expect(pressure.patienceEndsMs).toBe(110)
  })

  it('waits no more, for a while, for a port that did not drain in time', () => {
    const pressure = new BackPressure()
    const one = sender()
    pressure.hold(one, 0)
    pressure.passOver(10)
    expect(one.paused).toBe(0)
    expect(pressure.hold(one, 1_009)).toBe(false)
    expect(one.paused).toBe(0)
    expect(pressure.hold(one, 1_010)).toBe(true)
  })
})

describe('a network of fast senders', () => {
  const MIB = 1_048_576

  /** Two guests; what is sent to the second waits until `drain`. */
  function network() {
    const clock = { now: 0, wakeAt: Number.POSITIVE_INFINITY }
    const made = new VirtualSwitch(switchOptions({ now: () => clock.now, wakeAt: (atMs) => void (clock.wakeAt = Math.min(clock.wakeAt, atMs)) }))
    const [one, other] = [1, 2].map((number) => {
      const [name, mac] = [GuestName.parse(`g${number}`), MacAddress.parse(`52:54:00:d1:00:0${number}`)]
      made.definePort({ guest: name, mac, mtu: 1_500, pinned: true, bootUrl: null, uplink: false })
      const wire = { backlogBytes: 0, paused: 0, send: (frames: Uint8Array) => void (wire.backlogBytes += frames.length), pause: () => void wire.paused++, resume: () => void wire.paused--, close: () => {} }
      const ingress = new Ingress(made.fabric, name, wire)
      return { name, mac: macParts(mac), wire, ingress }
    })
    if (one === undefined || other === undefined) throw new Error('there are two')
    const send = (bytes: number) => {
      const frame = ethernet(other.mac, one.mac, 0x88b5, new Uint8Array(59_986))
      for (let sent = 0; sent < bytes; sent += frame.length) one.ingress.push(concat(Uint8Array.of(0, 0, frame.length >> 8, frame.length & 255), frame))
    }
    other.ingress.push(concat(Uint8Array.of(0, 0, 0, 60), ethernet(one.mac, other.mac, 0x88b5, new Uint8Array(46))))
    return { clock, fabric: made.fabric, one, other, send, drops: () => made.fabric.ports.get(other.name)?.drops['queue-full'] }
  }

  it('pauses a sender whose frames wait, and lets it go on when they are gone', () => {
    const { one, other, send } = network()
    send(MIB / 2)
    expect(one.wire.paused).toBe(0)
    send(MIB)
    expect(one.wire.paused).toBe(1)
    other.wire.backlogBytes = 0
    other.ingress.drained()
    expect(one.wire.paused).toBe(0)
  })

  it('lets it go on after 10 ms for a port that does not drain, and drops what exceeds the queue', () => {
    const { clock, fabric, one, other, send, drops } = network()
    send(MIB * 2)
    expect([one.wire.paused, clock.wakeAt]).toEqual([1, 10])
    clock.now = 10
    fabric.release()
    expect(one.wire.paused).toBe(0)
    send(MIB * 6)
    expect(one.wire.paused).toBe(0)
    expect(other.wire.backlogBytes).toBeLessThan(4.1 * MIB)
    expect(drops()).toBeGreaterThan(60)
  })

  it('lets it go on when the port leaves', () => {
    const { one, other, send } = network()
    send(MIB * 2)
    other.ingress.close()
    expect(one.wire.paused).toBe(0)
  })
})
