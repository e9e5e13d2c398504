import { describe, expect, it } from 'vitest'
import { Cancelled } from '../src/contract/refusal.ts'
import { TaskService } from './task-service.ts'

const request = { kind: 'import', title: 'Importing disk.vmdk', guest: null } as const

/** Work that ends only when it is cancelled, and says when it has undone what it began. */
function endless(undone: () => void) {
  return (signal: AbortSignal) =>
    new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        undone()
        reject(signal.reason as Error)
      })
    })
}

describe('a task', () => {
  it('is seen with its progress and answers with the result', async () => {
    const service = new TaskService()
    const seen: (number | null)[] = []
    const result = await service.run(request, async (_signal, progress) => {
      progress('half', 0.5)
      seen.push(service.list()[0]?.fraction ?? null)
      return 7
    })
    expect(result).toBe(7)
    expect(seen).toEqual([0.5])
    expect(service.list()).toMatchObject([{ status: 'done', fraction: 1, detail: 'half' }])
  })

  it('undoes before a cancel is answered', async () => {
    const service = new TaskService()
    let undone = false
    const running = service.run(request, endless(() => (undone = true)))
    running.catch(() => undefined)
    const answer = await service.cancel(service.list()[0]?.id ?? '')
    expect([answer.status, undone]).toEqual(['cancelled', true])
    await expect(running).rejects.toBeInstanceOf(Cancelled)
  })

  it('is cancelled when the caller goes away', async () => {
    const caller = new AbortController()
    const service = new TaskService()
    const running = service.run({ ...request, signal: caller.signal }, endless(() => undefined))
    caller.abort()
    await expect(running).rejects.toBeInstanceOf(Cancelled)
  })

  it('that must be finished refuses to be cancelled, and is waited for', async () => {
    const service = new TaskService()
    let finish: () => void = () => undefined
    const running = service.run({ ...request, cancellable: false }, () => new Promise<void>((resolve) => (finish = resolve)))
    await expect(service.cancel('1')).rejects.toThrow('has to be finished')
    let closed = false
    const closing = service.close().then(() => (closed = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(closed).toBe(false)
    finish()
    await Promise.all([running, closing])
  })

  it('keeps its reason when it fails', async () => {
    const service = new TaskService()
    await expect(service.run(request, () => Promise.reject(new Error('no space left')))).rejects.toThrow('no space left')
    expect(service.list()).toMatchObject([{ status: 'failed', detail: 'no space left' }])
  })
})
