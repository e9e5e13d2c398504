import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { errors } from './error.ts'
import { GuestName } from './names.ts'

export const TaskKind = z.enum(['create', 'import', 'export', 'clone', 'flatten', 'template', 'snapshot', 'restore', 'suspend', 'delete', 'copy', 'network'])
export type TaskKind = z.infer<typeof TaskKind>

/**
 * Long work under way, or ended a moment ago. The call that asked for it answers with its result; a task is how
 * everybody sees it. `fraction` is null while it cannot be told.
 */
export const TaskView = z.object({
  id: z.string(),
  kind: TaskKind,
  title: z.string(),
  /** The guest it concerns, when there is one. */
  guest: GuestName.nullable(),
  status: z.enum(['running', 'done', 'failed', 'cancelled']),
  detail: z.string(),
  fraction: z.number().min(0).max(1).nullable(),
  expectedSeconds: z.number().nullable(),
  cancellable: z.boolean(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
})
export type TaskView = z.infer<typeof TaskView>

export const task = {
  list: oc.errors(errors).output(z.array(TaskView)),
  /** The whole list, again after every change. */
  watch: oc.errors(errors).output(eventIterator(z.array(TaskView))),
  /** Asks the work to stop and to undo what it began; answers when it has ended. Done work stays done. */
  cancel: oc.errors(errors).input(z.object({ id: z.string() })).output(TaskView),
}
