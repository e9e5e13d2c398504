import { useEffect, useId, useMemo, useState } from 'react'
import { useSession, useWindow } from '../store/context.ts'
import { Keys } from '../ui/keys.tsx'
import { Modal } from '../ui/modal.tsx'
import { type Command, guestCommands, windowCommands } from './commands.ts'
import styles from './palette.module.css'
import { searchCommands } from './search.ts'

/** Every action of the window by name. What cannot be done now is listed too, with the reason. */
export function Palette() {
  const session = useSession()
  const state = useWindow((whole) => whole)
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const id = useId()
  const { guests, order } = state
  const commands = useMemo(() => {
    const ofGuests = order.flatMap((name, index) => {
      const view = guests[name]?.view
      return view === undefined ? [] : guestCommands(session, view, index)
    })
    return [...windowCommands(session, session.store.getState()), ...ofGuests]
  }, [session, guests, order])
  const found = searchCommands(commands, text)
  const chosen = found[Math.min(at, found.length - 1)]

  useEffect(() => {
    if (chosen !== undefined) document.querySelector(`#${CSS.escape(`${id}-${chosen.id}`)}`)?.scrollIntoView({ block: 'nearest' })
  }, [id, chosen])

  const run = (command: Command | undefined) => {
    if (command === undefined || command.disabledReason !== null) return
    session.open(null)
    // After the dialog has given the focus back, so that a command may move it.
    setTimeout(command.run, 0)
  }
  const move = (by: number) => setAt((now) => (found.length === 0 ? 0 : (Math.min(now, found.length - 1) + by + found.length) % found.length))

  return (
    <Modal title="All actions" quietTitle width="wide" onClose={() => session.open(null)} testId="palette">
      <input
        className={styles.input}
        role="combobox"
        aria-expanded
        aria-controls={id}
        aria-activedescendant={chosen === undefined ? undefined : `${id}-${chosen.id}`}
        aria-label="Search actions"
        placeholder="What do you want to do?"
        spellCheck={false}
        autoComplete="off"
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value)
          setAt(0)
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') move(1)
          else if (event.key === 'ArrowUp') move(-1)
          else if (event.key === 'PageDown') move(8)
          else if (event.key === 'PageUp') move(-8)
          else if (event.key === 'Enter') run(chosen)
          else return
          event.preventDefault()
        }}
      />
      <div className={styles.list} id={id} role="listbox" aria-label="Actions">
        {found.map((command) => (
          // The input above has the focus and its keys; the options are pointed at by aria-activedescendant.
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
          <div
            key={command.id}
            id={`${id}-${command.id}`}
            className={styles.option}
            role="option"
            aria-selected={command === chosen}
            aria-disabled={command.disabledReason !== null}
            onMouseMove={() => setAt(found.indexOf(command))}
            onClick={() => run(command)}
          >
            <span className={styles.title}>
              {command.title}
              {command.disabledReason !== null && <span className={styles.reason}>{command.disabledReason}</span>}
            </span>
            {command.group !== null && <span className={styles.group}>{command.group}</span>}
            {command.shortcut !== undefined && <Keys chord={command.shortcut} />}
          </div>
        ))}
      </div>
      {found.length === 0 && <p className={styles.none}>No action matches “{text}”.</p>}
    </Modal>
  )
}
