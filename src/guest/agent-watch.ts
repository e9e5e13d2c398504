import type { AgentState } from '../contract/guest.ts'
import type { GuestAgent } from '../engine/agent.ts'

/** What the agent told about the guest, once per run (addresses again whenever asked). */
export interface AgentFacts {
  readonly os: { name: string; version: string | null } | null
  readonly hostName: string | null
  readonly ipv6: string | null
}

export interface AgentWatchPorts {
  changed(state: AgentState, facts: AgentFacts): void
  /** Called once, when the agent first answers in this run. */
  firstAnswer(): Promise<void>
  /** The guest's clock stood still and could not be set right. */
  clockBehind(reason: unknown): void
  /** Epoch milliseconds. */
  nowMs(): number
  /** The guest was found frozen, as a host that was killed during a snapshot leaves it, and was thawed. */
  thawed(): void
}

/** Short until the first answer: what is sent to a port that the guest is just opening may be lost. */
const firstPingTimeoutMs = 1_000
const pingTimeoutMs = 3_000
/** Who does not answer in time may only be slow, and would never answer in as short a time again: each wait is twice the last. */
const longestPingTimeoutMs = 8_000
const pollUntilLiveMs = 400
const pollLiveMs = 5_000
/** A guest that stood still for less than this does not need its clock set. */
const longestUnnoticedMs = 1_000

/**
 * Follows one run's guest agent: absent until it first answers, live while it answers, silent when it stopped.
 * A guest without an agent costs one ping every 400 ms at first, slowing to one every 5 s.
 */
export class AgentWatch {
  #state: AgentState = 'absent'
  #facts: AgentFacts = { os: null, hostName: null, ipv6: null }
  #stopped = false
  /** The guest stood still, and its clock with it. */
  #clockStale = false
  /** When the guest was paused, on the monotonic clock; null while it is not, or nobody saw. */
  #pausedAtMs: number | null = null
  /** How far the wall clock is before the monotonic one, which stands still while this computer sleeps. */
  #wallAheadMs: number
  #wake: () => void = () => undefined
  readonly #agent: GuestAgent
  readonly #mac: string
  readonly #ports: AgentWatchPorts

  constructor(agent: GuestAgent, mac: string, ports: AgentWatchPorts) {
    this.#agent = agent
    this.#mac = mac
    this.#ports = ports
    this.#wallAheadMs = ports.nowMs() - performance.now()
    void this.#run()
  }

  get state(): AgentState {
    return this.#state
  }

  get facts(): AgentFacts {
    return this.#facts
  }

  /** Asks again now: the agent's port opened or closed, or the guest was resumed. */
  poke(): void {
    this.#wake()
  }

  /** The guest was paused. */
  paused(): void {
    this.#pausedAtMs = performance.now()
  }

  /** The guest goes on; its clock is set if it stood still for long enough to tell. */
  resumed(): void {
    if (this.#pausedAtMs === null || performance.now() - this.#pausedAtMs > longestUnnoticedMs) this.#clockStale = true
    this.#pausedAtMs = null
    this.poke()
  }

  stop(): void {
    this.#stopped = true
    this.#wake()
  }

  async #run(): Promise<void> {
    let pauseMs = pollUntilLiveMs
    let patience = 1
    while (!this.#stopped) {
      const timeoutMs = Math.min(longestPingTimeoutMs, patience * (this.#state === 'absent' ? firstPingTimeoutMs : pingTimeoutMs))
      const askedAtMs = performance.now()
      const answered = await this.#agent.ping(timeoutMs).then(
        () => true,
        () => false,
      )
      if (answered) patience = 1
      else if (performance.now() - askedAtMs >= timeoutMs) patience = Math.min(patience * 2, longestPingTimeoutMs / firstPingTimeoutMs)
      if (this.#stopped) return
      if (answered && this.#state !== 'live') await this.#becameLive()
      if (!answered && this.#state === 'live') this.#set('silent')
      if (answered) await this.#setClock()
      pauseMs = this.#state === 'live' ? pollLiveMs : Math.min(pauseMs * 1.2, pollLiveMs)
      await this.#pause(pauseMs)
    }
  }

  async #becameLive(): Promise<void> {
    // Only a guest that has been told that it slept is live: before that, its clock and nonce are of the last run.
    if (this.#state === 'absent') await this.#ports.firstAnswer().catch(() => undefined) // reported by the owner; the watch goes on
    if (this.#stopped) return
    this.#set('live')
    if (await this.#agent.thawLeftover().catch(() => false)) this.#ports.thawed()
    const [os, hostName, addresses] = await Promise.all([
      this.#agent.osInfo().catch(() => null),
      this.#agent.hostName().catch(() => null),
      this.#agent.addresses().catch(() => []),
    ])
    if (this.#stopped) return
    const own = addresses.find((address) => address.mac.toLowerCase() === this.#mac)
    this.#facts = { os: os === null ? this.#facts.os : { name: os.name, version: os.version }, hostName, ipv6: own?.ipv6.find((address) => !address.startsWith('fe80')) ?? null }
    this.#ports.changed(this.#state, this.#facts)
  }

  /** After a pause, or when this computer slept (or its clock was set): the guest's clock is behind. */
  async #setClock(): Promise<void> {
    const wallAheadMs = this.#ports.nowMs() - performance.now()
    if (Math.abs(wallAheadMs - this.#wallAheadMs) > longestUnnoticedMs) this.#clockStale = true
    this.#wallAheadMs = wallAheadMs
    if (!this.#clockStale) return
    this.#clockStale = false
    await this.#agent.setTime(this.#ports.nowMs()).catch((error: unknown) => {
      if (!this.#stopped) this.#ports.clockBehind(error)
    })
  }

  #set(state: AgentState): void {
    if (state === this.#state) return
    this.#state = state
    this.#ports.changed(state, this.#facts)
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
