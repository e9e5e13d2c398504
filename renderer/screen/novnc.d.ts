/** The part of noVNC 1.7.0 that Diptych uses (its docs/API.md), and the internals that guest-screen.ts overrides or reads. */
declare module '@novnc/novnc' {
  export interface RfbSocket {
    readonly readyState: string
  }

  export interface RfbEventMap {
    connect: CustomEvent<Record<string, never>>
    disconnect: CustomEvent<{ clean: boolean }>
    clipboard: CustomEvent<{ text: string }>
    desktopname: CustomEvent<{ name: string }>
    securityfailure: CustomEvent<{ status: number; reason?: string }>
  }

  export default class RFB {
    static readonly messages: {
      clientEncodings(socket: RfbSocket, encodings: number[]): void
      pointerEvent(socket: RfbSocket, x: number, y: number, mask: number): void
      setDesktopSize(socket: RfbSocket, width: number, height: number, screenId: number, screenFlags: number): void
      fbUpdateRequest(socket: RfbSocket, incremental: boolean, x: number, y: number, width: number, height: number): void
    }
    constructor(target: Element, channel: object, options?: { shared?: boolean })
    scaleViewport: boolean
    clipViewport: boolean
    resizeSession: boolean
    viewOnly: boolean
    focusOnClick: boolean
    showDotCursor: boolean
    background: string
    focus(options?: FocusOptions): void
    blur(): void
    disconnect(): void
    clipboardPasteFrom(text: string): void
    addEventListener<K extends keyof RfbEventMap>(type: K, listener: (event: RfbEventMap[K]) => void): void
    protected _sendEncodings(): void
    protected readonly _sock: RfbSocket
    protected readonly _fbWidth: number
    protected readonly _fbHeight: number
    protected readonly _supportsSetDesktopSize: boolean
    protected readonly _screenID: number
    protected readonly _screenFlags: number
    protected readonly _rfbConnectionState: string
    protected readonly _mousePos: { x?: number; y?: number }
    protected readonly _display: { absX(x: number): number; absY(y: number): number }
  }
}
