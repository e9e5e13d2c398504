/**
 * The handful of globals that Node, Electron and browsers all provide, declared here because the pure
 * part of `src` compiles with neither the DOM library nor Node's types. Anything that differs between
 * those hosts (files, sockets, processes, elements) stays out on purpose: it belongs behind a port.
 */
interface AbortSignal {
  readonly aborted: boolean
  readonly reason: unknown
  throwIfAborted(): void
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}
declare class AbortController {
  readonly signal: AbortSignal
  abort(reason?: unknown): void
}
declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean })
  decode(input?: Uint8Array, options?: { stream?: boolean }): string
}
declare class URL {
  constructor(url: string, base?: string)
  readonly href: string
  readonly hostname: string
  readonly host: string
  readonly port: string
  readonly pathname: string
  readonly protocol: string
  readonly search: string
}
declare function setTimeout(callback: () => void, delayMs?: number): unknown
declare function clearTimeout(timer: unknown): void
declare function setInterval(callback: () => void, delayMs: number): unknown
declare function clearInterval(timer: unknown): void
declare function queueMicrotask(callback: () => void): void
declare function structuredClone<T>(value: T): T
declare const performance: { now(): number }
