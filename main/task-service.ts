import type { GuestName } from '../src/contract/names.ts'
import { Cancelled, Refusal, reasonOf } from '../src/contract/refusal.ts'
import type { TaskKind, TaskView } from '../src/contract/task.ts'
import { Publisher } from '../src/publisher.ts'
import { notFound } from './error-map.ts'

export interface TaskRequest {
  readonly kind: TaskKind
  readonly title: string
  readonly guest: GuestName | null
  /** False for work that, once begun, has to be finished. */
  readonly cancellable?: boolean
  /** The caller's signal (a closed connection, Ctrl+C): aborts the work like `cancel`. */
  readonly signal?: AbortSignal | undefined
}

/** Tells how far the work is: in words, as a fraction when it is known, seconds left when they are. */
export type Progress = (detail: string, fraction?: number | null, expectedSeconds?: number | null) => void

interface Task {
  view: TaskView
  readonly abort: AbortController
  readonly ended: Promise<void>
}

/** Ended tasks stay visible this long, so that their outcome is seen. */
const lingerMs = 30_000
const mostEnded = 20

/** The long work of this host. Owns the tasks' views and their abort controllers; the work itself is the caller's. */
export class TaskService {
  readonly #tasks = new Map<string, Task>()
  readonly #publisher = new Publisher<TaskView[]>()
  #next = 1

  /**
   * Runs `work` as a visible task and answers with its result. A cancelled task rejects with Cancelled; `work` gets a
   * signal and must undo what it began before it rejects.
   */
  async run<T>(request: TaskRequest, work: (signal: AbortSignal, progress: Progress) => Promise<T>): Promise<T> {
    const { kind, title, guest, cancellable = true } = request
    const id = String(this.#next++)
    const abort = new AbortController()
    const cancelled = () => abort.abort(new Cancelled(title))
    if (cancellable) request.signal?.addEventListener('abort', cancelled, { once: true })
    if (cancellable && request.signal?.aborted === true) throw new Cancelled(title)
    let settle: () => void = () => undefined
    const ended = new Promise<void>((resolve) => (settle = resolve))
    const view: TaskView = { id, kind, title, guest, status: 'running', detail: '', fraction: null, expectedSeconds: null, cancellable, startedAt: new Date().toISOString(), endedAt: null }
    const task: Task = { view, abort, ended }
    this.#tasks.set(id, task)
    this.#change(task, {})
    const progress: Progress = (detail, fraction = null, expectedSeconds = null) => {
      if (task.view.status === 'running') this.#change(task, { detail, fraction: fraction === null ? null : Math.min(1, Math.max(0, fraction)), expectedSeconds })
    }
    try {
      const result = await work(abort.signal, progress)
      this.#end(task, 'done', task.view.detail)
      return result
    } catch (error) {
      const wasCancelled = abort.signal.aborted
      this.#end(task, wasCancelled ? 'cancelled' : 'failed', wasCancelled ? 'cancelled' : reasonOf(error))
      throw wasCancelled ? new Cancelled(title) : error
    } finally {
      request.signal?.removeEventListener('abort', cancelled)
      settle()
    }
  }

  list(): TaskView[] {
    return [...this.#tasks.values()].map(({ view }) => view)
  }

  watch(signal: AbortSignal | undefined): AsyncGenerator<TaskView[], void, void> {
    return this.#publisher.subscribe([this.list()], signal)
  }

  async cancel(id: string): Promise<TaskView> {
    const task = this.#tasks.get(id)
    if (task === undefined) throw notFound('task', id, [...this.#tasks.keys()])
    if (task.view.status !== 'running') return task.view
    if (!task.view.cancellable) throw new Refusal('unsupported', task.view.title, 'it has to be finished once it has begun')
    task.abort.abort(new Cancelled(task.view.title))
    await task.ended
    return task.view
  }

  /** Cancels what can be cancelled and waits until everything has ended: a host goes only then. */
  async close(): Promise<void> {
    const running = [...this.#tasks.values()].filter(({ view }) => view.status === 'running')
    for (const { view, abort } of running) if (view.cancellable) abort.abort(new Cancelled(view.title))
    await Promise.all(running.map(({ ended }) => ended))
  }

  #end(task: Task, status: 'done' | 'failed' | 'cancelled', detail: string): void {
    const fraction = status === 'done' ? 1 : task.view.fraction
    this.#change(task, { status, detail, fraction, expectedSeconds: null, endedAt: new Date().toISOString() })
    const forget = () => {
      if (this.#tasks.delete(task.view.id)) this.#publish()
    }
    setTimeout(forget, lingerMs).unref()
    const ended = [...this.#tasks.values()].filter(({ view }) => view.status !== 'running')
    for (const old of ended.slice(0, -mostEnded)) this.#tasks.delete(old.view.id)
  }

  #change(task: Task, change: Partial<TaskView>): void {
    task.view = { ...task.view, ...change }
    this.#publish()
  }

  #publish(): void {
    this.#publisher.publish(this.list(), 'tasks')
  }
}
