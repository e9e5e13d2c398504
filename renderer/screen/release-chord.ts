/** Key codes (KeyboardEvent.code) that together give the keyboard back to Diptych. */
export type Chord = readonly string[]

export const defaultChord: Chord = ['ControlLeft', 'AltLeft']

export const chordChoices: readonly { readonly chord: Chord; readonly label: string }[] = [
  { chord: defaultChord, label: 'left Ctrl + left Alt' },
  { chord: ['ControlRight'], label: 'right Ctrl' },
  { chord: ['ControlRight', 'AltRight'], label: 'right Ctrl + right Alt' },
  { chord: ['ShiftLeft', 'ShiftRight'], label: 'both Shift keys' },
]

/** The chord in words; an unknown one is spelt by its key codes. */
export function chordLabel(chord: Chord): string {
  return chordChoices.find((choice) => choice.chord.join() === chord.join())?.label ?? chord.join(' + ')
}

/**
 * Watches key events for the release chord: all its keys down together, nothing else pressed meanwhile, then all
 * let go. Acting on the last release means the guest has seen every key go up and keeps none stuck.
 *
 *   idle --chord key--> gathering --all down--> armed --all up--> released
 *     ^------ any other key, or let go too early ------|
 */
export class ChordWatch {
  readonly #chord: ReadonlySet<string>
  readonly #down = new Set<string>()
  #armed = false
  #spoiled = false

  constructor(chord: Chord) {
    this.#chord = new Set(chord)
  }

  /** Returns true when this event completes the chord. */
  feed(type: 'down' | 'up', code: string): boolean {
    if (type === 'down') {
      if (!this.#chord.has(code)) {
        this.#spoiled = true
        return false
      }
      if (this.#down.size === 0) this.#spoiled = false
      this.#down.add(code)
      if (this.#down.size === this.#chord.size && !this.#spoiled) this.#armed = true
      return false
    }
    this.#down.delete(code)
    if (this.#down.size > 0) return false
    const complete = this.#armed && !this.#spoiled && this.#chord.has(code)
    this.reset()
    return complete
  }

  /** Forgets what is down; for when the window loses the keyboard and key-ups go elsewhere. */
  reset(): void {
    this.#down.clear()
    this.#armed = false
    this.#spoiled = false
  }
}
