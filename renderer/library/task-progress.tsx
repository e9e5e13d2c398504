import type { TaskView } from '../../src/contract/task.ts'
import { useSession } from '../store/context.ts'
import { ProgressCard } from '../ui/progress-card.tsx'

/** How far one piece of the host's long work is, and the way to stop it. */
export function TaskProgress({ task }: { readonly task: TaskView }) {
  const session = useSession()
  const { id, title, detail, fraction, expectedSeconds, status } = task
  return (
    <ProgressCard
      title={title}
      detail={detail}
      fraction={fraction}
      expectedSeconds={expectedSeconds}
      uncancellable={task.cancellable ? null : 'This has to be finished once it has begun.'}
      onCancel={() => void session.ask(`cancel ${title}`, (client) => client.task.cancel({ id }))}
      status={status}
      testId={`task-${id}`}
    />
  )
}
