import { connect } from 'node:net'
import { PassThrough } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { GuestName } from '../src/contract/names.ts'
import { PublishService } from './publish-service.ts'

const linux = GuestName.parse('linux')
let running = true
const service = () => new PublishService({ isRunning: () => running, dial: async () => new PassThrough(), changed: () => undefined, message: () => undefined })
const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

afterEach(() => {
  running = true
})

describe('PublishService', () => {
  it('gives a port one address, also when it is asked for twice at once', async () => {
    const publishing = service()
    const [first, second] = await Promise.all([publishing.publish(linux, 80, undefined), publishing.publish(linux, 80, undefined)])
    expect(second).toEqual(first)
    expect(publishing.list()).toEqual([first])
    publishing.dispose()
    expect(await answers(first.hostPort)).toBe(false)
  })

  it('publishes nothing of a guest that ended meanwhile', async () => {
    const publishing = service()
    const asked = publishing.publish(linux, 80, undefined)
    running = false
    publishing.unpublish(linux)
    await expect(asked).rejects.toMatchObject({ code: 'wrong-state' })
    expect(publishing.list()).toEqual([])
  })
})
