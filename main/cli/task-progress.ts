import type { Client } from '../../src/contract/connection.ts'
import type { TaskKind, TaskView } from '../../src/contract/task.ts'
import type { CliContext } from './context.ts'
import { formatSeconds } from './progress.ts'
import type { Terminal } from './terminal.ts'

/**
 * Carries out a call that the host shows as a task of that kind, with its progress: on a terminal as one live line, elsewhere
 * a line for every tenth. Ctrl+C aborts the call, which undoes what was begun.
 */
export async function withTaskProgress<T>(context: CliContext, client: Client, kind: TaskKind, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const before = new Set((await client.task.list()).map(({ id }) => id))
  const watching = new AbortController()
  const shown = showTasks(context.terminal, client, (task) => task.kind === kind && !before.has(task.id), watching.signal)
  try {
    return await call(context.interrupted)
  } finally {
    watching.abort()
    await shown
  }
}

async function showTasks(terminal: Terminal, client: Client, isOurs: (task: TaskView) => boolean, signal: AbortSignal): Promise<void> {
  let said = ''
  try {
    for await (const tasks of await client.task.watch(undefined, { signal })) {
      const task = tasks.find(isOurs)
      if (task?.status !== 'running') continue
      const stamp = `${task.detail} ${task.fraction === null ? '' : Math.floor(task.fraction * 10)}`
      if (terminal.interactive) terminal.live(lineOf(task))
      else if (stamp !== said) terminal.say(lineOf(task))
      said = stamp
    }
  } catch {
    // the stream ends by being aborted, or with the connection, whose error the call reports
  }
}

function lineOf({ title, detail, fraction, expectedSeconds }: TaskView): string {
  const percent = fraction === null ? '' : ` ${Math.floor(fraction * 100)}%`
  const left = expectedSeconds === null || expectedSeconds < 2 ? '' : `, about ${formatSeconds(expectedSeconds)} left`
  return `${title.charAt(0).toUpperCase()}${title.slice(1)}:${percent} ${detail || '…'}${left}`
}
