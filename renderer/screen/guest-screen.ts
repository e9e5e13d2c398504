import RFB from '@novnc/novnc'

/** In pixels. */
export interface ScreenSize {
  readonly width: number
  readonly height: number
}

/** Encoding numbers of RFC 6143, 7.7, and the IANA registry of RFB encodings. */
export const encoding = { raw: 0, copyRect: 1, hextile: 5, tight: 7, zrle: 16 } as const

/**
 * Puts hextile right after CopyRect. noVNC asks for Tight first, which is the worst choice on a local channel:
 * full-screen noise reaches 3.5 updates/s with Tight and 21 to 31 with hextile (design.md, 7).
 */
export function preferHextile(encodings: readonly number[]): number[] {
  if (!encodings.includes(encoding.hextile)) return [...encodings]
  const rest = encodings.filter((code) => code !== encoding.hextile && code !== encoding.copyRect)
  const copyRect = encodings.includes(encoding.copyRect) ? [encoding.copyRect] : []
  return [...copyRect, encoding.hextile, ...rest]
}

/**
 * noVNC's client with the three things it cannot be told through its API: the order of encodings, an input message that
 * wakes a screen QEMU left blank, and a size to ask the guest for. Pinned to noVNC 1.7.0; guest-screen.test.ts fails when the
 * internals used here change their shape.
 */
export class GuestScreen extends RFB {
  protected override _sendEncodings(): void {
    const messages = RFB.messages
    const original = messages.clientEncodings
    messages.clientEncodings = (socket, encodings) => original.call(messages, socket, preferHextile(encodings))
    try {
      super._sendEncodings()
    } finally {
      messages.clientEncodings = original
    }
  }

  /** Older QEMU leaves VNC blank for up to 3 s after resume; any input message ends that. The pointer stays where it is. */
  wake(): void {
    if (this._rfbConnectionState !== 'connected') return
    const { x, y } = this._mousePos
    const column = x === undefined ? Math.floor(this._fbWidth / 2) : this._display.absX(x)
    const row = y === undefined ? Math.floor(this._fbHeight / 2) : this._display.absY(y)
    RFB.messages.pointerEvent(this._sock, column, row, 0)
    RFB.messages.fbUpdateRequest(this._sock, false, 0, 0, this._fbWidth, this._fbHeight)
  }

  /** Asks the guest once for a size (SetDesktopSize). Ignored by guests whose screen cannot change. */
  askForSize({ width, height }: ScreenSize): void {
    if (this._rfbConnectionState !== 'connected' || !this._supportsSetDesktopSize) return
    RFB.messages.setDesktopSize(this._sock, width, height, this._screenID, this._screenFlags)
  }
}
