import { X } from 'lucide-react'
import type { TaskView } from '../../src/contract/task.ts'
import { remaining } from '../format.ts'
import { useSession } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import styles from './task-progress.module.css'

/** How far one piece of long work is, and the way to stop it. */
export function TaskProgress({ task }: { readonly task: TaskView }) {
  const session = useSession()
  const share = task.fraction === null ? null : Math.round(task.fraction * 100)
  const left = task.expectedSeconds === null ? null : remaining(task.expectedSeconds)
  return (
    <div className={styles.task} data-testid={`task-${task.id}`} data-status={task.status}>
      <div className={styles.words}>
        <strong>{task.title}</strong>
        <span className={styles.detail} role="status">
          {[share === null ? null : `${share} %`, task.detail, left].filter((part) => part !== null && part !== '').join(', ')}
        </span>
      </div>
      <div
        className={styles.track}
        role="progressbar"
        aria-label={task.title}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={share ?? undefined}
        data-unknown={share === null}
      >
        <span style={share === null ? undefined : { width: `${share}%` }} />
      </div>
      <Button
        variant="icon"
        hint={`Cancel: ${task.title}`}
        disabledReason={task.cancellable ? null : 'This has to be finished once it has begun.'}
        onClick={() => void session.ask(`cancel ${task.title}`, (client) => client.task.cancel({ id: task.id }))}
      >
        <X aria-hidden />
      </Button>
    </div>
  )
}
