import type { GuestView } from '../../src/contract/guest.ts'
import type { HostInfo } from '../../src/contract/host.ts'

/** What `diptych keynote --json` prints. `ok` only if every fact in it is so; `failures` names each that is not. */
export interface KeynoteReport {
  readonly ok: boolean
  readonly failures: string[]
  readonly at: string
  readonly accelerator: HostInfo['accelerator']
  readonly versions: { readonly diptych: string; readonly qemu: string | null; readonly node: string }
  readonly guests: KeynoteGuest[]
  readonly web: KeynoteDirection[]
  readonly sliders: KeynoteSlider[]
  readonly screenshots: string[]
}

export interface KeynoteGuest {
  readonly name: string
  readonly title: string
  /** Read from the guest, through its agent. */
  readonly os: { readonly name: string; readonly version: string; readonly kernel: string; readonly hostName: string } | null
  readonly boot: GuestView['boot']
  /** Milliseconds from power-on (or warm start); null when the guest was running before the keynote began. */
  readonly powerOnToWebMs: number | null
  readonly powerOnToScreenMs: number | null
}

export interface KeynoteDirection {
  readonly from: string
  readonly to: string
  readonly url: string
  readonly status: number
  readonly milliseconds: number
  /** Read from the guest `to` through its agent. */
  readonly nonce: string | null
  /** Decoded from the QR code on the screen of the guest `from`. */
  readonly nonceOnScreen: string | null
  readonly seenOnScreen: boolean
  /** Whether the web server's log of `to` shows the address of `from`. */
  readonly inAccessLog: boolean
}

export interface KeynoteSlider {
  readonly guest: string
  readonly control: string
  readonly unit: string
  readonly before: number | null
  readonly requested: number | null
  readonly effective: number | null
  readonly followed: boolean
}
