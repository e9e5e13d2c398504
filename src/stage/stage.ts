import type { GuestName } from '../contract/names.ts'
import { Cancelled, MissingPrerequisite, reasonOf } from '../contract/refusal.ts'
import type { SetupStep, StageView } from '../contract/stage.ts'

/** What the stage needs done; main/host.ts wires it to the domains. */
export interface StagePorts {
  readonly guests: readonly { name: GuestName; step: 'linux' | 'windows'; title: string }[]
  checkPackages(): Promise<string>
  imageBuilt(guest: GuestName): Promise<boolean>
  buildImage(guest: GuestName, progressed: (detail: string, fraction: number | null, expectedSeconds: number | null) => void, signal: AbortSignal): Promise<void>
  startNetwork(): Promise<string>
  /** Running or paused. */
  isUp(guest: GuestName): boolean
  startGuest(guest: GuestName, boot: 'auto' | 'cold'): Promise<string>
  stopGuest(guest: GuestName, mode: 'graceful' | 'force'): Promise<void>
  /** Unless other guests are on it. */
  stopNetwork(): Promise<void>
  /** Lets go of what would keep a guest that is off from a fresh start: suspended memory, a disk gone back to. */
  forget(guest: GuestName): void
  hasWarmState(guest: GuestName): Promise<boolean>
  /** Null when there is nothing to save (already there, or this run cannot be saved). */
  saveWarmStates(progressed: (detail: string) => void, signal: AbortSignal): Promise<string>
  published(view: StageView): void
}

type StepId = SetupStep['id']

/**
 * From nothing to a live pair, and back. One `up` runs at a time: asking again joins it. What is finished stays
 * finished, so `up` after a cancel or a failure goes on where it stopped.
 */
export class Stage {
  readonly #ports: StagePorts
  #status: StageView['status'] = 'idle'
  #steps: Map<StepId, SetupStep>
  #warm = false
  #work: Promise<void> | null = null
  #abort: AbortController | null = null
  #saving: Promise<void> | null = null
  #saveAbort = new AbortController()
  #leaving: Promise<unknown> = Promise.resolve()

  constructor(ports: StagePorts) {
    this.#ports = ports
    this.#steps = this.#freshSteps()
  }

  view(): StageView {
    return { status: this.#status, steps: [...this.#steps.values()], guests: this.#ports.guests.map((guest) => guest.name), warm: this.#warm }
  }

  /** Resolves when both guests run. Rejects with what stopped it; the view says the same. */
  async up(boot: 'auto' | 'cold'): Promise<StageView> {
    this.#work ??= this.#run(boot).finally(() => {
      this.#work = null
      this.#abort = null
    })
    await this.#work
    return this.view()
  }

  async cancel(): Promise<StageView> {
    this.#abort?.abort(new Cancelled('setting up the stage'))
    await this.#work?.catch(() => undefined) // the caller of `up` is told
    return this.view()
  }

  /** An `up` asked for meanwhile begins when this is over; a second `down` (with force, say) goes ahead beside it. */
  async down(mode: 'graceful' | 'force'): Promise<StageView> {
    const left = this.#leave(mode)
    this.#leaving = Promise.allSettled([this.#leaving, left])
    await left
    return this.view()
  }

  /** Fresh disks and the pristine state, whatever the guests hold. The network stays as it is. */
  async reset(): Promise<StageView> {
    await this.cancel()
    await Promise.all(this.#ports.guests.map((guest) => this.#ports.stopGuest(guest.name, 'force')))
    for (const guest of this.#ports.guests) this.#ports.forget(guest.name)
    return this.up('auto')
  }

  async #leave(mode: 'graceful' | 'force'): Promise<void> {
    await this.cancel()
    await Promise.all(this.#ports.guests.map((guest) => this.#ports.stopGuest(guest.name, mode)))
    await this.#ports.stopNetwork()
    this.#steps = this.#freshSteps()
    this.#setStatus('idle')
  }

  /** After adopting: the pair may be up already. */
  async refresh(): Promise<void> {
    const before = JSON.stringify(this.view())
    this.#warm = (await Promise.all(this.#ports.guests.map((guest) => this.#ports.hasWarmState(guest.name)))).every(Boolean)
    if (this.#work === null) {
      const running = this.#ports.guests.every((guest) => this.#ports.isUp(guest.name))
      if (running) this.#status = 'ready'
      else if (this.#status === 'ready') this.#status = 'idle'
    }
    if (JSON.stringify(this.view()) !== before) this.#ports.published(this.view())
  }

  /** Resolves when no warm state is being saved. */
  async settled(): Promise<void> {
    await this.#saving
  }

  /** Gives up waiting for the desktops to settle; a state being written is written to its end. */
  async abandonSaving(): Promise<void> {
    this.#saveAbort.abort(new Cancelled('saving for a warm start'))
    await this.#saving
  }

  async #run(boot: 'auto' | 'cold'): Promise<void> {
    const abort = new AbortController()
    this.#abort = abort
    this.#steps = this.#freshSteps()
    this.#setStatus('working')
    try {
      await Promise.race([this.#leaving, aborted(abort.signal)])
      abort.signal.throwIfAborted()
      this.#setStatus('working')
      await this.#step('packages', () => this.#ports.checkPackages())
      const network = this.#step('network', () => this.#ports.startNetwork())
      const images = this.#ports.guests.map((guest) => this.#image(guest.name, `guest:${guest.step}`, abort.signal))
      await allOrFirstFault([network, ...images], abort)
      abort.signal.throwIfAborted()
      await allOrFirstFault(
        this.#ports.guests.map((guest) => this.#step(`start:${guest.step}`, () => this.#ports.startGuest(guest.name, boot))),
        abort,
      )
      this.#setStatus('ready')
      this.#saving = this.#save()
    } catch (error) {
      const cancelled = error instanceof Cancelled
      for (const step of this.#steps.values()) if (step.status === 'running') this.#update(step.id, { status: cancelled ? 'cancelled' : 'failed' })
      this.#setStatus(cancelled ? 'cancelled' : 'failed')
      throw error
    }
  }

  async #image(guest: GuestName, id: StepId, signal: AbortSignal): Promise<void> {
    await this.#step(id, async () => {
      if (await this.#ports.imageBuilt(guest)) return 'built before'
      const begun = performance.now()
      await this.#ports.buildImage(guest, (detail, fraction, expectedSeconds) => {
        this.#update(id, { detail, fraction, expectedSeconds: expectedSeconds ?? remainingSeconds(performance.now() - begun, fraction) })
      }, signal)
      return `built in ${Math.round((performance.now() - begun) / 1000)} s`
    })
  }

  async #save(): Promise<void> {
    this.#saveAbort = new AbortController()
    const { signal } = this.#saveAbort
    await this.#step('warm', () => this.#ports.saveWarmStates((detail) => this.#update('warm', { detail }), signal)).catch(() => undefined) // the step shows the reason
    await this.refresh()
  }

  async #step(id: StepId, work: () => Promise<string>): Promise<void> {
    this.#update(id, { status: 'running' })
    try {
      const detail = await work()
      this.#update(id, { status: 'done', detail, fraction: 1, expectedSeconds: null })
    } catch (error) {
      const remedy = error instanceof MissingPrerequisite ? error.remedy : null
      this.#update(id, { status: error instanceof Cancelled ? 'cancelled' : 'failed', detail: reasonOf(error), expectedSeconds: null, remedy })
      throw error
    }
  }

  #update(id: StepId, change: Partial<SetupStep>): void {
    const step = this.#steps.get(id)
    if (step === undefined) return
    this.#steps.set(id, { ...step, ...change })
    this.#ports.published(this.view())
  }

  #setStatus(status: StageView['status']): void {
    this.#status = status
    this.#ports.published(this.view())
  }

  #freshSteps(): Map<StepId, SetupStep> {
    const titles: [StepId, string][] = [
      ['packages', 'System packages'],
      ...this.#ports.guests.map((guest): [StepId, string] => [`guest:${guest.step}`, `Build ${guest.title}`]),
      ['network', 'Private network'],
      ...this.#ports.guests.map((guest): [StepId, string] => [`start:${guest.step}`, `Start ${guest.title}`]),
      ['warm', 'Save for a warm start'],
    ]
    return new Map(titles.map(([id, title]) => [id, { id, title, status: 'waiting', detail: '', fraction: null, expectedSeconds: null, remedy: null }]))
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Before this much is done the pace says little about the rest. */
const tellingFraction = 0.08

/** How long the rest takes at the pace so far; null while that cannot be told. */
export function remainingSeconds(elapsedMs: number, fraction: number | null): number | null {
  if (fraction === null || fraction < tellingFraction || fraction > 1) return null
  return Math.ceil(((elapsedMs / fraction) * (1 - fraction)) / 1_000)
}

/** Waits for all; the first fault aborts the rest, waits for them to end, and is thrown. */
async function allOrFirstFault(work: readonly Promise<void>[], abort: AbortController): Promise<void> {
  let first: { error: unknown } | null = null
  await Promise.all(
    work.map((each) =>
      each.catch((error: unknown) => {
        if (first !== null) return
        first = { error }
        if (!abort.signal.aborted) abort.abort(new Cancelled('the rest of the set-up'))
      }),
    ),
  )
  const fault = first as { error: unknown } | null // assigned in the callback above, which the compiler does not see
  if (fault !== null) throw fault.error
}
