import type { ScreenChannel } from '../../src/contract/connection.ts'
import type { ClipboardMode } from '../../src/contract/guest.ts'
import { GuestScreen, type ScreenSize } from './guest-screen.ts'

export type ScreenPhase = 'connecting' | 'live' | 'reconnecting'
export type ScaleMode = 'fit' | 'one-to-one' | 'resize'

const firstRetryMs = 250
const lastRetryMs = 4_000

/** How long to wait before the given retry (0 is the first): doubling, at most four seconds. */
export function retryDelayMs(attempt: number): number {
  return Math.min(firstRetryMs * 2 ** attempt, lastRetryMs)
}

/**
 * Owns one guest's screen inside `element`: opens a channel, shows it through noVNC, and opens the next one by
 * itself when it closes, until `dispose`.
 *
 *   connecting --connect--> live --close--> reconnecting --connect--> live
 */
export class Viewer {
  readonly #element: HTMLElement
  readonly #open: () => ScreenChannel
  readonly #report: (phase: ScreenPhase) => void
  #screen: GuestScreen | null = null
  #timer: ReturnType<typeof setTimeout> | null = null
  #attempt = 0
  #disposed = false
  #scale: ScaleMode
  #clipboard: ClipboardMode = 'off'
  #refocus = false

  constructor(element: HTMLElement, open: () => ScreenChannel, scale: ScaleMode, report: (phase: ScreenPhase) => void) {
    this.#element = element
    this.#open = open
    this.#scale = scale
    this.#report = report
    report('connecting')
    this.#connect()
  }

  /** `ownSize` is what the guest gets back when it no longer follows the frame. */
  setScale(scale: ScaleMode, ownSize: ScreenSize): void {
    const followed = this.#scale === 'resize'
    this.#scale = scale
    if (this.#screen === null) return
    applyScale(this.#screen, scale)
    if (followed && scale !== 'resize') this.#screen.askForSize(ownSize)
  }

  setClipboard(mode: ClipboardMode): void {
    this.#clipboard = mode
  }

  /**
   * Offers this computer's clipboard to the guest, where it may have it. Called when the guest gets the keyboard: a
   * browser lets a page read the clipboard only then, and may ask the person first.
   */
  async offerClipboard(): Promise<void> {
    if (this.#clipboard !== 'both') return
    try {
      const text = await navigator.clipboard.readText()
      if (text !== '') this.#screen?.clipboardPasteFrom(text)
    } catch {
      // The person or the browser said no; the guest keeps its own clipboard.
    }
  }

  /** Gives the keyboard to the guest. */
  focus(): void {
    this.#screen?.focus({ preventScroll: true })
  }

  /** Takes the keyboard back. */
  blur(): void {
    this.#screen?.blur()
  }

  wake(): void {
    this.#screen?.wake()
  }

  dispose(): void {
    this.#disposed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#screen?.disconnect()
    this.#screen = null
  }

  #connect(): void {
    let screen: GuestScreen
    try {
      screen = new GuestScreen(this.#element, this.#open())
    } catch {
      // The connection closed under us; the retry asks the next one.
      this.#retry()
      return
    }
    screen.background = 'transparent'
    screen.focusOnClick = true
    applyScale(screen, this.#scale)
    screen.addEventListener('connect', () => {
      this.#attempt = 0
      this.#report('live')
      screen.wake()
      if (this.#refocus) screen.focus({ preventScroll: true })
      this.#refocus = false
    })
    screen.addEventListener('clipboard', (event) => {
      if (this.#clipboard === 'off') return
      // Refused while the window is not in front; the next copy tries again.
      navigator.clipboard.writeText(event.detail.text).catch(() => undefined)
    })
    screen.addEventListener('disconnect', () => {
      if (this.#screen !== screen) return
      this.#screen = null
      this.#retry()
    })
    this.#screen = screen
  }

  #retry(): void {
    if (this.#disposed) return
    this.#refocus ||= this.#element.contains(document.activeElement)
    this.#report('reconnecting')
    this.#timer = setTimeout(() => this.#connect(), retryDelayMs(this.#attempt))
    this.#attempt += 1
  }
}

function applyScale(screen: GuestScreen, scale: ScaleMode): void {
  screen.scaleViewport = scale !== 'one-to-one'
  screen.clipViewport = false
  screen.resizeSession = scale === 'resize'
}
