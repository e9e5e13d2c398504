import { EllipsisVertical } from 'lucide-react'
import { windowCommands } from '../command/commands.ts'
import { stageTask } from '../command/stage-controls.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { Divider, IconMenu, Item } from '../ui/menu.tsx'
import styles from './stage-menu.module.css'

const groups: readonly (readonly string[])[] = [['up', 'down'], ['stage-snapshot', 'stage-snapshots'], ['reset-stage']]

/** What can be done with the stage as a whole. */
export function StageMenu() {
  return (
    <IconMenu hint="More for the stage" icon={<EllipsisVertical aria-hidden />} testId="more-stage">
      <Entries />
    </IconMenu>
  )
}

/** Only while the menu is open does it follow the window's state. */
function Entries() {
  const session = useSession()
  const state = useWindow((whole) => whole)
  const commands = new Map(windowCommands(session, state).map((command) => [command.id, command]))
  return groups.flatMap((ids, index) => [
    index > 0 && <Divider key={`divider-${ids[0]}`} />,
    ...ids.map((id) => {
      const command = commands.get(id)
      return command === undefined ? null : <Item key={id} label={command.title} shortcut={command.shortcut} disabledReason={command.disabledReason} onChoose={command.run} />
    }),
  ])
}

/** How far a snapshot of the stage is, or the way back to one; more of it in the dialog. */
export function StageTask() {
  const session = useSession()
  const task = useWindow(stageTask)
  if (task === undefined) return null
  return (
    <span className={styles.task} role="status">
      <Button variant="link" hint="Show it" aria-label={task.title} onClick={() => session.open({ kind: 'stage-snapshots' })}>
        {task.title}
      </Button>
      <span>{task.fraction === null ? '' : `${Math.round(task.fraction * 100)} %`}</span>
    </span>
  )
}
