import { Tooltip } from '@base-ui/react/tooltip'
import type { ButtonHTMLAttributes, ReactElement, ReactNode } from 'react'
import styles from './button.module.css'
import { Keys } from './keys.tsx'

export interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'disabled'> {
  readonly variant?: 'plain' | 'primary' | 'danger' | 'icon' | 'link'
  readonly size?: 'normal' | 'large'
  /** Said by the tooltip; for an icon button also its name. */
  readonly hint?: string
  readonly shortcut?: string | undefined
  /** Why the button cannot be used now. It stays focusable, so that the reason can be read by keyboard too. */
  readonly disabledReason?: string | null
  readonly children?: ReactNode
  /** Another element to play the button, e.g. a menu's trigger. */
  readonly as?: ReactElement<Record<string, unknown>>
}

/** A button whose tooltip names its shortcut and, when it is disabled, says why. */
export function Button({ variant = 'plain', size = 'normal', hint, shortcut, disabledReason = null, children, as, onClick, ...rest }: ButtonProps) {
  const disabled = disabledReason !== null
  const label = variant === 'icon' && hint !== undefined ? { 'aria-label': hint } : {}
  const told = disabled ? disabledReason : hint
  const own = {
    type: 'button' as const,
    'data-variant': variant,
    'data-size': size,
    'aria-disabled': disabled || undefined,
    'aria-description': disabled ? disabledReason : undefined,
    ...label,
    ...rest,
    className: `${styles.button} ${rest.className ?? ''}`,
    onClick: disabled ? undefined : onClick,
  }
  const element = as === undefined ? <button {...own}>{children}</button> : as
  if (told === undefined) return element
  // Escape is meant for the dialog around it: it takes the tooltip along.
  return (
    <Tooltip.Root onOpenChange={(_, details) => details.reason === 'escape-key' && details.allowPropagation()}>
      {as === undefined ? (
        <Tooltip.Trigger render={<button {...own} />}>{children}</Tooltip.Trigger>
      ) : (
        <Tooltip.Trigger {...own} render={as}>
          {children}
        </Tooltip.Trigger>
      )}
      <Tooltip.Portal>
        <Tooltip.Positioner className={styles.positioner} sideOffset={6}>
          <Tooltip.Popup className={styles.tooltip}>
            <span>{told}</span>
            {shortcut !== undefined && !disabled && <Keys chord={shortcut} />}
          </Tooltip.Popup>
        </Tooltip.Positioner>
      </Tooltip.Portal>
    </Tooltip.Root>
  )
}
