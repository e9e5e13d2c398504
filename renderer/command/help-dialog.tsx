import { chordLabel } from '../screen/release-chord.ts'
import { useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { Keys } from '../ui/keys.tsx'
import { Modal } from '../ui/modal.tsx'
import styles from './dialog.module.css'
import { shortcuts } from './use-shortcuts.ts'

/** The window's shortcuts, and how the keyboard goes to a guest and back. */
export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  const chord = useWindow((state) => state.settings.releaseChord)
  return (
    <Modal title="Keyboard" onClose={onClose} testId="help" actions={<Button onClick={onClose}>Close</Button>}>
      <p className={styles.lead}>
        Keys go to a guest after a click on its screen or Alt and its number. Press and release <strong>{chordLabel(chord)}</strong> to take them back. While a guest has the keyboard,
        these shortcuts go to it too.
      </p>
      <dl className={styles.table}>
        {shortcuts.map((shortcut) => (
          <div key={shortcut.keys}>
            <dt>{shortcut.does}</dt>
            <dd>
              <Keys chord={shortcut.keys} />
            </dd>
          </div>
        ))}
      </dl>
    </Modal>
  )
}
