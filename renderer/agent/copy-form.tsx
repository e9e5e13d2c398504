import type { ReactNode } from 'react'
import type { GuestView } from '../../src/contract/guest.ts'
import { CheckField } from '../ui/field.tsx'
import { FormModal } from '../ui/form-modal.tsx'
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
  readonly focus?: string | undefined
  /** For a dialog that takes files which are dropped on it. */
  readonly drop?: ReturnType<typeof useDrop>
  /** Which files, and where to. */
  readonly children: ReactNode
}

/** What copying in and copying out have in common: the agent's state, and whether to replace. */
export function CopyForm({ view, title, testId, reason, overwrite, onOverwrite, onClose, onCopy, focus, drop, children }: CopyFormProps) {
  return (
    <FormModal title={title} width="wide" onClose={onClose} testId={testId} focus={focus} drop={drop} action="Copy" reason={reason} className={styles.form} onSubmit={onCopy}>
      <AgentAbsent view={view} />
      {children}
      <CheckField label="Replace a file that is there already" checked={overwrite} onChange={onOverwrite} />
    </FormModal>
  )
}
