import { useState } from 'react'
import { memory } from '../format.ts'
import { parseTyped } from '../mixer/scale.ts'
import { TextField } from '../ui/field.tsx'

export interface AmountFieldProps {
  readonly label: string
  /** MiB; null while it is not known. */
  readonly value: number | null
  readonly minimum: number
  readonly maximum: number
  readonly hint?: string
  readonly disabled?: boolean
  readonly onChange: (mib: number) => void
}

/** An amount of memory or disk as text: `512 MiB`, `2 GiB`, `40G`. Taken when the field is left or Enter pressed. */
export function AmountField({ label, value, minimum, maximum, hint, disabled = false, onChange }: AmountFieldProps) {
  const [typed, setTyped] = useState<string | null>(null)
  const parsed = typed === null ? null : parseTyped(typed, { minimum, maximum, step: 1, unlimited: false, unit: 'MiB' })
  const take = () => {
    if (parsed === null || 'problem' in parsed || parsed.value === null) return
    setTyped(null)
    onChange(parsed.value)
  }
  return (
    <TextField
      label={label}
      hint={hint}
      disabled={disabled}
      problem={parsed !== null && 'problem' in parsed ? parsed.problem : null}
      value={typed ?? (value === null ? '' : memory(value))}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onBlur={take}
      onKeyDown={(event) => {
        if (event.key === 'Enter') take()
        if (event.key === 'Escape') setTyped(null)
      }}
    />
  )
}
