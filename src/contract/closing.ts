import { ConnectionClosed } from './connection.ts'

/**
 * The one moment a connection ends. Everything pending is registered here, so nothing is left hanging when the
 * other side goes away (oRPC by itself never settles calls over a closed MessagePort).
 */
export class Closing {
  readonly promise: Promise<string>
  #resolve: (reason: string) => void = () => undefined
  #reason: string | undefined
  readonly #listeners = new Set<(reason: string) => void>()

  constructor() {
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  /** Why the connection ended, undefined while it is open. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** The first reason stands; later ones are ignored. */
  settle(reason: string): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    for (const listener of this.#listeners) listener(reason)
    this.#listeners.clear()
    this.#resolve(reason)
  }

  /** Calls `listener` once when the connection ends (at once if it has); returns how to take it back. */
  onClose(listener: (reason: string) => void): () => void {
    if (this.#reason !== undefined) {
      listener(this.#reason)
      return () => undefined
    }
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** `work`, or ConnectionClosed as soon as the connection ends. Errors of `work` after that become it too. */
  race<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const takeBack = this.onClose((reason) => reject(new ConnectionClosed(reason)))
      work.then(
        (value) => {
          takeBack()
          resolve(value)
        },
        (error: unknown) => {
          takeBack()
          reject(this.#reason === undefined ? error : new ConnectionClosed(this.#reason))
        },
      )
    })
  }
}
