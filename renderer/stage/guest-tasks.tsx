import { useShallow } from 'zustand/react/shallow'
import type { GuestName } from '../../src/contract/names.ts'
import { TaskProgress } from '../library/task-progress.tsx'
import { useWindow } from '../store/context.ts'
import { ProgressCard } from '../ui/progress-card.tsx'
import styles from './guest-frame.module.css'

/** Long work for this guest that is under way: files on their way to the host, and what the host does. */
export function GuestTasks({ name }: { readonly name: GuestName }) {
  const sending = useWindow(useShallow((state) => state.sending.filter((each) => each.guest === name)))
  const tasks = useWindow(useShallow((state) => state.tasks.filter((task) => task.guest === name && task.status === 'running')))
  if (sending.length === 0 && tasks.length === 0) return null
  return (
    <div className={styles.tasks} data-testid={`tasks-${name}`}>
      {sending.map(({ id, title, fraction, cancel }) => (
        <ProgressCard key={id} title={title} detail="" fraction={fraction} expectedSeconds={null} uncancellable={null} onCancel={cancel} />
      ))}
      {tasks.map((task) => (
        <TaskProgress key={task.id} task={task} />
      ))}
    </div>
  )
}
