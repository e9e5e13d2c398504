import { type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, useId } from 'react'
import styles from './field.module.css'

interface Labelled {
  readonly label: string
  /** What is worth knowing of the value. */
  readonly hint?: string | undefined
  /** Why the value cannot be taken. */
  readonly problem?: string | null | undefined
}

function Field({ label, hint, problem = null, children }: Labelled & { readonly children: (ids: { id: string; 'aria-describedby': string; 'aria-invalid': boolean }) => ReactNode }) {
  const id = useId()
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={styles.label}>
        {label}
      </label>
      {children({ id, 'aria-describedby': `${id}-hint`, 'aria-invalid': problem !== null })}
      <p id={`${id}-hint`} className={styles.hint} data-problem={problem !== null} role={problem === null ? undefined : 'alert'}>
        {problem ?? hint ?? ''}
      </p>
    </div>
  )
}

export function TextField({ label, hint, problem, ...rest }: Labelled & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <Field label={label} hint={hint} problem={problem}>
      {(ids) => <input type="text" spellCheck={false} autoComplete="off" {...ids} {...rest} className={styles.input} />}
    </Field>
  )
}

export interface SelectFieldProps<T extends string> extends Labelled, Omit<SelectHTMLAttributes<HTMLSelectElement>, 'value' | 'onChange'> {
  readonly value: T
  readonly options: readonly { readonly value: T; readonly label: string }[]
  readonly onChoose: (value: T) => void
}

export function SelectField<T extends string>({ label, hint, problem, value, options, onChoose, ...rest }: SelectFieldProps<T>) {
  return (
    <Field label={label} hint={hint} problem={problem}>
      {(ids) => (
        <select
          {...ids}
          {...rest}
          className={styles.input}
          value={value}
          onChange={(event) => {
            const chosen = options.find((option) => option.value === event.currentTarget.value)
            if (chosen !== undefined) onChoose(chosen.value)
          }}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

/** A labelled box to tick. */
export function CheckField({ label, checked, onChange }: { readonly label: string; readonly checked: boolean; readonly onChange: (checked: boolean) => void }) {
  return (
    <label className={styles.check}>
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} />
      {label}
    </label>
  )
}
