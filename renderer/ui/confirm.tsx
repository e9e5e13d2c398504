import { Button } from './button.tsx'
import styles from './confirm.module.css'
import { Modal } from './modal.tsx'

export interface ConfirmProps {
  readonly title: string
  readonly text: string
  /** What is lost beyond the thing itself. */
  readonly warning?: string | null
  readonly action: string
  readonly danger?: boolean
  /** The button that does nothing, in words. */
  readonly keep: string
  readonly onClose: () => void
  readonly onConfirm: () => void
}

/** Asks once more before something that cannot be taken back, the safe answer first. */
export function Confirm({ title, text, warning = null, action, danger = false, keep, onClose, onConfirm }: ConfirmProps) {
  return (
    <Modal
      title={title}
      description={text}
      onClose={onClose}
      testId="confirm"
      actions={
        <>
          <Button onClick={onClose}>{keep}</Button>
          <Button
            variant={danger ? 'danger' : 'primary'}
            onClick={() => {
              onClose()
              onConfirm()
            }}
          >
            {action}
          </Button>
        </>
      }
    >
      {warning !== null && <p className={styles.warning}>{warning}</p>}
    </Modal>
  )
}
