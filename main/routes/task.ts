import type { TaskService } from '../task-service.ts'
import { base } from './base.ts'

export function taskRoutes(tasks: TaskService) {
  const route = base.task
  return {
    list: route.list.handler(() => tasks.list()),
    watch: route.watch.handler(({ signal }) => tasks.watch(signal)),
    cancel: route.cancel.handler(({ input }) => tasks.cancel(input.id)),
  }
}
