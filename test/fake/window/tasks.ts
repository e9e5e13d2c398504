import type { GuestName } from '../../../src/contract/names.ts'
import type { TaskKind, TaskView } from '../../../src/contract/task.ts'
import { Broadcast } from './broadcast.ts'

/** Long work in memory: moves by itself, can be cancelled, stays visible for a moment after its end. */
export class FakeTasks {
  readonly events = new Broadcast<TaskView[]>()
  list: TaskView[] = []
  /** While set, no task ends by itself: a test can look at one for as long as it likes. */
  held = false

  /** Shows a task that takes `milliseconds`; resolves false when it was cancelled. */
  async run(kind: TaskKind, title: string, guest: GuestName | null, milliseconds: number): Promise<boolean> {
    const id = `fake-${this.list.length + 1}`
    this.list = [
      ...this.list,
      { id, kind, title, guest, status: 'running', detail: 'preparing', fraction: null, expectedSeconds: null, cancellable: true, startedAt: new Date().toISOString(), endedAt: null },
    ]
    const began = Date.now()
    while (this.#find(id)?.status === 'running' && (this.held || Date.now() - began < milliseconds)) {
      const fraction = Math.min(0.9, (Date.now() - began) / milliseconds)
      this.#change(id, { detail: 'copying', fraction, expectedSeconds: ((1 - fraction) * milliseconds) / 1_000 })
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    const done = this.#find(id)?.status === 'running'
    if (done) this.#change(id, { status: 'done', fraction: 1, expectedSeconds: null, endedAt: new Date().toISOString() })
    return done
  }

  /** A task at a standstill, for pictures. */
  show(task: Pick<TaskView, 'kind' | 'title' | 'guest' | 'detail' | 'fraction' | 'expectedSeconds'>): void {
    this.list = [...this.list, { id: `fake-${this.list.length + 1}`, status: 'running', cancellable: true, startedAt: new Date().toISOString(), endedAt: null, ...task }]
  }

  cancel(id: string): TaskView | undefined {
    if (this.#find(id)?.status === 'running') this.#change(id, { status: 'cancelled', detail: 'cancelled', endedAt: new Date().toISOString() })
    return this.#find(id)
  }

  #find(id: string): TaskView | undefined {
    return this.list.find((task) => task.id === id)
  }

  #change(id: string, change: Partial<TaskView>): void {
    this.list = this.list.map((task) => (task.id === id ? { ...task, ...change } : task))
    this.events.emit(this.list)
  }
}
