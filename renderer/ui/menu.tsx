import { Menu } from '@base-ui/react/menu'
import { Check } from 'lucide-react'
import type { ReactElement, ReactNode } from 'react'
import { Button } from './button.tsx'
import { Keys } from './keys.tsx'
import styles from './menu.module.css'

/** An icon button that opens a menu. */
export function IconMenu({ hint, icon, children, testId }: { readonly hint: string; readonly icon: ReactElement; readonly children: ReactNode; readonly testId?: string }) {
  return (
    <Menu.Root>
      <Button variant="icon" hint={hint} as={<Menu.Trigger />} data-testid={testId}>
        {icon}
      </Button>
      <Menu.Portal>
        <Menu.Positioner className={styles.positioner} sideOffset={4} align="end">
          <Menu.Popup className={styles.popup}>{children}</Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}

export interface ItemProps {
  readonly label: string
  readonly shortcut?: string | undefined
  /** Why it cannot be chosen now; shown under the label. */
  readonly disabledReason?: string | null
  readonly onChoose: () => void
}

export function Item({ label, shortcut, disabledReason = null, onChoose }: ItemProps) {
  return (
    <Menu.Item className={styles.item} disabled={disabledReason !== null} onClick={onChoose}>
      <span className={styles.check} />
      <span className={styles.label}>
        {label}
        {disabledReason !== null && <span className={styles.reason}>{disabledReason}</span>}
      </span>
      {shortcut !== undefined && <Keys chord={shortcut} />}
    </Menu.Item>
  )
}

export interface ChoiceProps<T extends string> {
  readonly label: string
  readonly value: T
  readonly options: readonly { readonly value: T; readonly label: string }[]
  readonly onChoose: (value: T) => void
}

/** A labelled group of which exactly one is chosen. */
export function Choice<T extends string>({ label, value, options, onChoose }: ChoiceProps<T>) {
  return (
    <Menu.Group>
      <Menu.GroupLabel className={styles.group}>{label}</Menu.GroupLabel>
      <Menu.RadioGroup value={value} onValueChange={(chosen: T) => onChoose(chosen)}>
        {options.map((option) => (
          <Menu.RadioItem key={option.value} className={styles.item} value={option.value} closeOnClick>
            <span className={styles.check}>
              <Menu.RadioItemIndicator>
                <Check aria-hidden />
              </Menu.RadioItemIndicator>
            </span>
            <span className={styles.label}>{option.label}</span>
          </Menu.RadioItem>
        ))}
      </Menu.RadioGroup>
    </Menu.Group>
  )
}

export function Divider() {
  return <Menu.Separator className={styles.divider} />
}
