import { Radio } from '@base-ui/react/radio'
import { RadioGroup } from '@base-ui/react/radio-group'
import { useId } from 'react'
import { chordChoices } from '../screen/release-chord.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { Modal } from '../ui/modal.tsx'
import styles from './dialog.module.css'

const themes = [
  { value: 'system', label: 'Follow the system' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
] as const

/** What this window remembers: appearance, and the keys that take the keyboard back from a guest. */
export function SettingsDialog({ onClose }: { readonly onClose: () => void }) {
  const session = useSession()
  const settings = useWindow((state) => state.settings)
  return (
    <Modal title="Settings" onClose={onClose} testId="settings" actions={<Button onClick={onClose}>Close</Button>}>
      <Options label="Appearance" value={settings.theme} options={themes} onChoose={(theme) => session.change({ theme })} />
      <Options
        label="Press and release to take the keyboard back"
        value={settings.releaseChord.join()}
        options={chordChoices.map(({ chord, label }) => ({ value: chord.join(), label }))}
        onChoose={(value) => session.change({ releaseChord: value.split(',') })}
      />
    </Modal>
  )
}

interface OptionsProps<T extends string> {
  readonly label: string
  readonly value: T
  readonly options: readonly { readonly value: T; readonly label: string }[]
  readonly onChoose: (value: T) => void
}

function Options<T extends string>({ label, value, options, onChoose }: OptionsProps<T>) {
  const id = useId()
  return (
    <div className={styles.options}>
      <h3 id={id}>{label}</h3>
      <RadioGroup value={value} aria-labelledby={id} onValueChange={(chosen: T) => onChoose(chosen)}>
        {options.map((option) => (
          <label key={option.value} className={styles.option}>
            <Radio.Root value={option.value} className={styles.radio}>
              <Radio.Indicator className={styles.dot} />
            </Radio.Root>
            {option.label}
          </label>
        ))}
      </RadioGroup>
    </div>
  )
}
