import { Dialog } from '@base-ui/react/dialog'
import { type ReactNode, useRef } from 'react'
import styles from './modal.module.css'
import type { useDrop } from './use-drop.ts'

export interface ModalProps {
  readonly title: string
  readonly description?: string
  readonly width?: 'narrow' | 'wide' | 'full'
  readonly children: ReactNode
  /** Buttons, the safe one first. */
  readonly actions?: ReactNode
  readonly onClose: () => void
  /** Hides the heading from sight where the content speaks for itself; it still names the dialog. */
  readonly quietTitle?: boolean
  readonly testId?: string
  /** The first field is not always what a person goes on with: a selector of what is. */
  readonly focus?: string | undefined
  /** Takes what is dropped on it. */
  readonly drop?: ReturnType<typeof useDrop> | undefined
}

/** A dialog over the stage: focus stays inside, Escape closes it, focus returns where it was. */
export function Modal({ title, description, width = 'narrow', children, actions, onClose, quietTitle = false, testId, focus, drop }: ModalProps) {
  const popup = useRef<HTMLDivElement>(null)
  const first = () => (focus === undefined ? null : (popup.current?.querySelector<HTMLElement>(focus) ?? null))
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className={styles.backdrop} />
        <Dialog.Popup ref={popup} initialFocus={first} className={styles.popup} data-width={width} data-testid={testId} data-over={drop?.over} {...drop?.handlers}>
          <Dialog.Title className={quietTitle ? 'visually-hidden' : styles.title}>{title}</Dialog.Title>
          {description !== undefined && <Dialog.Description className={styles.description}>{description}</Dialog.Description>}
          {children}
          {actions !== undefined && <div className={styles.actions}>{actions}</div>}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
