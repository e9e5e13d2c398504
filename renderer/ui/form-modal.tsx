import { useId } from 'react'
import { Button } from './button.tsx'
import { Modal, type ModalProps } from './modal.tsx'

interface FormModalProps extends Omit<ModalProps, 'actions'> {
  /** What is done, on its button. */
  readonly action: string
  /** Why it cannot be done yet; null when it can. */
  readonly reason: string | null
  readonly className: string | undefined
  /** By the button, or by Enter in a field; not while there is a reason against it. The dialog has closed by then. */
  readonly onSubmit: () => void
}

/** A dialog that asks for what it needs to do one thing. */
export function FormModal({ action, reason, className, onSubmit, children, ...modal }: FormModalProps) {
  const form = useId()
  return (
    <Modal
      {...modal}
      actions={
        <>
          <Button onClick={modal.onClose}>Cancel</Button>
          <Button variant="primary" type="submit" form={form} disabledReason={reason}>
            {action}
          </Button>
        </>
      }
    >
      <form
        id={form}
        className={className}
        onSubmit={(event) => {
          event.preventDefault()
          if (reason !== null) return
          modal.onClose()
          onSubmit()
        }}
      >
        {children}
      </form>
    </Modal>
  )
}
