import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { GuestName, NetworkName } from '../src/contract/names.ts'
import type { CaptureView } from '../src/contract/network.ts'
import { captureToFile } from '../src/node/switch/capture.ts'
import { captureBytes, watchCaptureBytes } from './capture-size.ts'
import { notFound } from './error-map.ts'

export interface CapturePorts {
  /** Where the switch's sockets are. */
  readonly runtime: string
  /** Where captures are written. */
  readonly directory: string
  changed(): void
  message(text: string): void
}

interface Running {
  view: CaptureView
  readonly abort: AbortController
  readonly done: Promise<number>
  /** Ends the looks at its size. */
  readonly ended: AbortController
}

/** Captures that the host writes for its clients. Owned by the host: they end with it, and with the switch. */
export class CaptureService {
  readonly #ports: CapturePorts
  readonly #running = new Map<string, Running>()
  #count = 0

  constructor(ports: CapturePorts) {
    this.#ports = ports
  }

  list(): CaptureView[] {
    return [...this.#running.values()].map(({ view }) => view)
  }

  /** Answers when frames are being written. Rejects with SwitchFault when the network is not running. */
  async start(network: NetworkName, guest: GuestName | null, maxBytes: number): Promise<CaptureView> {
    const startedAt = new Date().toISOString()
    this.#count += 1
    mkdirSync(this.#ports.directory, { recursive: true, mode: 0o700 })
    const path = join(this.#ports.directory, `${guest ?? network}-${startedAt.replaceAll(/[:.]/g, '-')}-${this.#count}.pcapng`)
    const id = `capture-${process.pid}-${this.#count}`
    const abort = new AbortController()
    const view = { id, network, guest, path, startedAt, bytes: 0, limitBytes: 2 * maxBytes, packets: null }
    let started = () => {}
    const begun = new Promise<void>((resolve) => (started = resolve))
    const done = captureToFile(this.#ports.runtime, { network, guest, snapBytes: 65_549 }, path, maxBytes, abort.signal, started)
    await Promise.race([begun, done])
    const running: Running = { view, abort, done, ended: new AbortController() }
    this.#running.set(id, running)
    void watchCaptureBytes(path, running.ended.signal, (bytes) => (running.view = { ...running.view, bytes }))
    done.then(
      (packets) => this.#ended(id, `a capture of ${guest ?? 'the network'} ended with ${packets} packets: ${path}`),
      (error: unknown) => this.#ended(id, `a capture of ${guest ?? 'the network'} broke off: ${String(error)}`),
    )
    this.#ports.changed()
    return view
  }

  /** Answers with the number of packets once the file is complete. */
  async stop(id: string): Promise<CaptureView> {
    const running = this.#running.get(id)
    if (running === undefined) throw notFound('capture', id, [...this.#running.keys()])
    running.abort.abort()
    const packets = await running.done
    return { ...running.view, bytes: await captureBytes(running.view.path), packets }
  }

  async dispose(): Promise<void> {
    const all = [...this.#running.values()]
    for (const { abort } of all) abort.abort()
    await Promise.allSettled(all.map(({ done }) => done))
  }

  #ended(id: string, text: string): void {
    this.#running.get(id)?.ended.abort()
    if (!this.#running.delete(id)) return
    this.#ports.changed()
    this.#ports.message(text)
  }
}
