import { type ReactNode, useEffect, useRef, useState } from 'react'
import { useLeave } from './use-leave.ts'

interface AskingProps {
  readonly label: string
  readonly className: string | undefined
  /** By Escape. */
  readonly onLeave: () => void
  readonly children: ReactNode
}

/** A question put in place, before something that cannot be taken back: its first button, the safe one, takes the focus, which then goes back to where it was. */
export function Asking({ label, className, onLeave, children }: AskingProps) {
  const question = useRef<HTMLDivElement>(null)
  useLeave(question, onLeave)
  const [opener] = useState(() => document.activeElement)
  useEffect(() => {
    const around = question.current?.parentElement
    question.current?.querySelector('button')?.focus()
    return () => {
      // Where the question took its button's place, the button is made anew.
      const again = [...(around?.querySelectorAll('button') ?? [])].find((button) => button.textContent === opener?.textContent)
      const back = opener?.isConnected === true ? opener : again
      if (back instanceof HTMLElement) back.focus()
    }
  }, [opener])
  return (
    <div ref={question} className={className} role="alertdialog" aria-label={label}>
      {children}
    </div>
  )
}
