import { useState } from 'react'
import type { Control } from '../../src/contract/control.ts'
import { parseTyped, scaleOf, spell } from './scale.ts'
import styles from './value-field.module.css'

export interface ValueFieldProps {
  readonly label: string
  readonly control: Control
  readonly value: number | null
  readonly disabled: boolean
  readonly onChange: (value: number | null) => void
}

/** The slider's value as text: type it, Enter takes it, Escape gives it up, the arrow keys step. */
export function ValueField({ label, control, value, disabled, onChange }: ValueFieldProps) {
  const [typed, setTyped] = useState<string | null>(null)
  const [problem, setProblem] = useState<string | null>(null)

  const take = () => {
    if (typed === null) return
    const parsed = parseTyped(typed, control)
    if ('problem' in parsed) {
      setProblem(parsed.problem)
      return
    }
    setTyped(null)
    setProblem(null)
    if (parsed.value !== value) onChange(parsed.value)
  }
  const giveUp = () => {
    setTyped(null)
    setProblem(null)
  }
  const step = (by: number) => {
    const scale = scaleOf(control)
    const position = Math.min(scale.top, Math.max(0, Math.round(scale.toPosition(value)) + by))
    giveUp()
    onChange(scale.fromPosition(position))
  }

  return (
    <span className={styles.field}>
      <input
        className={styles.input}
        aria-label={`${label}, typed`}
        aria-invalid={problem !== null}
        aria-errormessage={problem === null ? undefined : `${label}-problem`}
        disabled={disabled}
        spellCheck={false}
        value={typed ?? spell(value, control.unit)}
        onFocus={(event) => event.currentTarget.select()}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onBlur={() => (problem === null ? take() : giveUp())}
        onKeyDown={(event) => {
          if (event.key === 'Enter') take()
          else if (event.key === 'Escape' && typed !== null) giveUp()
          else if (event.key === 'ArrowUp') step(1)
          else if (event.key === 'ArrowDown') step(-1)
          else return
          event.preventDefault()
          event.stopPropagation()
        }}
      />
      {problem !== null && (
        <span className={styles.problem} id={`${label}-problem`} role="alert">
          {problem}
        </span>
      )}
    </span>
  )
}
