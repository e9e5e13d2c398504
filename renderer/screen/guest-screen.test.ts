// The types of noVNC are ours and stand beside this file; the test project compiles without them otherwise.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./novnc.d.ts" />
import RFB from '@novnc/novnc'
import { describe, expect, it } from 'vitest'
import { encoding, GuestScreen, preferHextile } from './guest-screen.ts'

describe('preferHextile', () => {
  it('moves hextile behind CopyRect and keeps the order of the rest', () => {
    expect(preferHextile([1, 50, 7, -260, 16, 21, 5, 2, 6, 0, -26])).toEqual([1, 5, 50, 7, -260, 16, 21, 2, 6, 0, -26])
  })

  it('adds nothing that was not offered', () => {
    expect(preferHextile([1, 0])).toEqual([1, 0])
    expect(preferHextile([5, 0])).toEqual([5, 0])
  })
})

/** Sends encodings through noVNC's own method, without a socket or a canvas, and returns what would go out. */
function encodingsSentBy(prototype: object): number[] {
  const screen = Object.assign(Object.create(prototype) as { _sendEncodings(): void }, { _fbDepth: 24, _qualityLevel: 6, _compressionLevel: 2, _sock: {} })
  const original = RFB.messages.clientEncodings
  let sent: number[] | null = null
  RFB.messages.clientEncodings = (_, encodings) => {
    sent = encodings
  }
  try {
    screen._sendEncodings()
  } finally {
    RFB.messages.clientEncodings = original
  }
  if (sent === null) throw new Error('noVNC no longer sends its encodings through RFB.messages.clientEncodings')
  return sent
}

describe('GuestScreen, pinned to noVNC 1.7.0', () => {
  it('is still needed: noVNC itself asks for Tight before hextile', () => {
    const sent = encodingsSentBy(RFB.prototype)
    expect(sent.indexOf(encoding.tight)).toBeLessThan(sent.indexOf(encoding.hextile))
  })

  it('asks for hextile before every other picture encoding, and for the same encodings otherwise', () => {
    const plain = encodingsSentBy(RFB.prototype)
    const ours = encodingsSentBy(GuestScreen.prototype)
    expect(ours.slice(0, 2)).toEqual([encoding.copyRect, encoding.hextile])
    expect([...ours].sort()).toEqual([...plain].sort())
  })

  it('leaves noVNC as it was', () => {
    const before = RFB.messages.clientEncodings
    encodingsSentBy(GuestScreen.prototype)
    expect(RFB.messages.clientEncodings).toBe(before)
  })

  it('asks for a size where the guest’s screen can change, and nowhere else', () => {
    const original = RFB.messages.setDesktopSize
    const asked: number[][] = []
    RFB.messages.setDesktopSize = (_, ...size) => void asked.push(size)
    try {
      const screen = { _rfbConnectionState: 'connected', _screenID: 3, _screenFlags: 0, _sock: {} }
      for (const supported of [false, true]) {
        const made = Object.assign(Object.create(GuestScreen.prototype) as GuestScreen, screen, { _supportsSetDesktopSize: supported })
        made.askForSize({ width: 1280, height: 800 })
      }
    } finally {
      RFB.messages.setDesktopSize = original
    }
    expect(asked).toEqual([[1280, 800, 3, 0]])
  })

  it('finds the messages that wake a screen', () => {
    expect(typeof RFB.messages.pointerEvent).toBe('function')
    expect(typeof RFB.messages.fbUpdateRequest).toBe('function')
  })
})
