import type { Control, ControlChange, ControlName, ControlResult, Priority } from '../contract/control.ts'
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
  /** The preset whose values are all asked for. */
  priority(): Priority | null
  /** The guest's agent answers for the first time in this run, or again. */
  agentAnswers(): void
  /**
   * Puts the changes into force and waits at most `waitMs` for the guest to follow. All values are checked before
   * any is applied. Throws Refusal('out-of-range' | 'unsupported'), and without `force` Refusal('over-budget'). `passing`
   * changes are not remembered in the guest's file.
   */
  apply(change: ControlChange, waitMs: number, options?: { readonly force?: boolean; readonly passing?: boolean }): Promise<Partial<Record<ControlName, ControlResult>>>
}
