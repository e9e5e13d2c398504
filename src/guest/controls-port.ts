import type { Control, ControlChange, ControlName, ControlResult } from '../contract/control.ts'
import type { LinkView } from '../contract/link.ts'
import type { Machine } from '../engine/engine.ts'

/** The sliders of one guest as its owner needs them; src/resource implements it. */
export interface GuestControls {
  /** A machine runs: put the requested values into force. */
  attach(machine: Machine): Promise<void>
  detach(): void
  describe(): Record<ControlName, Control>
  linkUp(): boolean
  link(): LinkView
  /**
   * Puts the changes into force and waits at most `waitMs` for the guest to follow. All values are checked before
   * any is applied. Throws Refusal('out-of-range' | 'unsupported').
   */
  apply(change: ControlChange, waitMs: number): Promise<Partial<Record<ControlName, ControlResult>>>
}
