import { type ReactNode, useId } from 'react'
import type { GuestView } from '../../src/contract/guest.ts'
import { Button } from '../ui/button.tsx'
import { CheckField } from '../ui/field.tsx'
import { Modal } from '../ui/modal.tsx'
import type { useDrop } from '../ui/use-drop.ts'
import { AgentAbsent } from './agent-absent.tsx'
import styles from './agent.module.css'

interface CopyFormProps {
  readonly view: GuestView
  readonly title: string
  readonly testId: string
  /** Why it cannot be copied yet; null when it can. */
  readonly reason: string | null
  readonly overwrite: boolean
  readonly onOverwrite: (overwrite: boolean) => void
  readonly onClose: () => void
  /** After the dialog has closed. */
  readonly onCopy: () => void
  /** For a dialog that takes files which are dropped on it. */
  readonly drop?: ReturnType<typeof useDrop>
  /** Which files, and where to. */
  readonly children: ReactNode
}

/** What copying in and copying out have in common: the agent's state, whether to replace, and the buttons. */
export function CopyForm({ view, title, testId, reason, overwrite, onOverwrite, onClose, onCopy, drop, children }: CopyFormProps) {
  const form = useId()
  return (
    <Modal
      title={title}
      width="wide"
      onClose={onClose}
      testId={testId}
      drop={drop}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" type="submit" form={form} disabledReason={reason}>
            Copy
          </Button>
        </>
      }
    >
      <form
        id={form}
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault()
          if (reason !== null) return
          onClose()
          onCopy()
        }}
      >
        <AgentAbsent view={view} />
        {children}
        <CheckField label="Replace a file that is there already" checked={overwrite} onChange={onOverwrite} />
      </form>
    </Modal>
  )
}
