import type { SetupStep, StageView } from '../../src/contract/stage.ts'
import type { Terminal } from './terminal.ts'

/**
 * Shows a stage being set up: on a terminal one live line for what runs now, and a line kept for every step that ends;
 * elsewhere a line when a step begins or ends, and one for every tenth of its way.
 */
export class ProgressWriter {
  readonly #terminal: Terminal
  readonly #seen = new Map<SetupStep['id'], string>()

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  show(stage: StageView): void {
    for (const step of stage.steps) {
      const stamp = step.status === 'running' ? `running ${this.#tenth(step)}` : step.status
      const before = this.#seen.get(step.id)
      const live = step.status === 'running' && this.#terminal.interactive
      if (!live && before !== stamp && this.#worthALine(step, before)) this.#terminal.say(lineOf(step))
      this.#seen.set(step.id, stamp)
    }
    const running = stage.steps.filter((step) => step.status === 'running') // steps may run side by side
    if (running.length > 0) this.#terminal.live(running.map(runningLine).join('  |  '))
  }

  #tenth(step: SetupStep): number {
    return step.fraction === null ? -1 : Math.floor(step.fraction * 10)
  }

  /** What was done before we looked is not news. */
  #worthALine(step: SetupStep, before: string | undefined): boolean {
    if (step.status === 'waiting') return false
    return before !== undefined || step.status === 'running' || step.status === 'failed'
  }
}

function lineOf(step: SetupStep): string {
  if (step.status === 'running') return runningLine(step)
  const mark = { done: 'done', failed: 'FAILED', cancelled: 'cancelled', waiting: 'waiting' }[step.status]
  return [`${step.title}: ${mark}`, step.detail, step.remedy].filter(Boolean).join('. ')
}

function runningLine(step: SetupStep): string {
  const percent = step.fraction === null ? '' : ` ${Math.floor(step.fraction * 100)}%`
  const left = step.expectedSeconds === null ? '' : `, about ${formatSeconds(step.expectedSeconds)} left`
  return `${step.title}:${percent} ${step.detail || '…'}${left}`
}

export function formatSeconds(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`
}
