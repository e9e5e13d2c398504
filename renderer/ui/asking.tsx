import type { ReactNode } from 'react'

/** A question put in place, before something that cannot be taken back: its first button, the safe one, takes the focus, which then goes back to where it was. */
export function Asking({ label, className, children }: { readonly label: string; readonly className: string | undefined; readonly children: ReactNode }) {
  return (
    <div ref={focusFirst} className={className} role="alertdialog" aria-label={label}>
      {children}
    </div>
  )
}

function focusFirst(element: HTMLElement | null): (() => void) | undefined {
  const before = document.activeElement
  element?.querySelector('button')?.focus()
  return () => {
    if (before instanceof HTMLElement && before.isConnected) before.focus()
  }
}
