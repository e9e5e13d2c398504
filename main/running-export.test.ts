import { beforeEach, describe, expect, it } from 'vitest'
import type { GuestState } from '../src/contract/guest.ts'
import { demonstrationGuests } from '../src/guest/definition.ts'
import { FakeMachine } from '../test/fake/machine.ts'
import { type CopySource, copyRunningDisk } from './running-export.ts'

const [definition = expect.fail('no definition')] = demonstrationGuests()

let machine: FakeMachine
beforeEach(() => (machine = new FakeMachine()))

function owner(agentState: CopySource['agentState'], state: 'running' | 'paused' = 'running'): CopySource {
  const hold = { signal: new AbortController().signal, machine: () => machine, agentLive: () => agentState === 'live', quit: async () => undefined, start: async () => undefined, state: async (): Promise<GuestState> => state, tell: () => undefined }
  return {
    definition,
    machine,
    state,
    agentState,
    request: async (_, options) => {
      await options?.work?.(hold)
      return 'done'
    },
  }
}
const copy = (source: CopySource, signal = new AbortController().signal) => copyRunningDisk(source, '/copy', { signal, progressed: () => undefined, message: () => undefined })

describe("a running guest's copy", () => {
  it('is taken while its file systems are held still', async () => {
    expect((await copy(owner('live'))).unready).toBeNull()
    expect(machine.calls).toEqual(['beginDiskCopy /copy', 'freeze', 'take', 'thaw'])
  })

  it.each([
    ['absent', 'running', 'its guest agent does not answer'],
    ['live', 'paused', 'it was paused'],
  ] as const)('agent %s, %s: is taken as it is, and says so', async (agent, state, reason) => {
    expect((await copy(owner(agent, state))).unready).toBe(reason)
    expect(machine.calls).toEqual(['beginDiskCopy /copy', 'take'])
  })

  it('is abandoned when it is cancelled', async () => {
    await expect(copy(owner('live'), AbortSignal.abort(new Error('cancelled')))).rejects.toThrow('cancelled')
    expect(machine.calls).toEqual(['beginDiskCopy /copy', 'abandon'])
  })

  it('goes with a guest that ends meanwhile', async () => {
    const begun = machine.beginDiskCopy
    machine.beginDiskCopy = async (path) => ({ ...(await begun(path)), caughtUp: () => Promise.reject(new Error('the connection to QEMU is closed')) })
    machine.status = async () => 'shutdown'
    await expect(copy(owner('live'))).rejects.toMatchObject({ code: 'wrong-state', remedy: 'export it again, now that it is off' })
    expect(machine.calls).toEqual(['beginDiskCopy /copy', 'abandon'])
  })
})
