import { join } from 'node:path'
import type { GuestName } from '../src/contract/names.ts'
import { Fault } from '../src/contract/refusal.ts'
import type { GuestOwner } from '../src/guest/owner.ts'
import { clearJournal, writeJournal } from '../src/node/guest-state/journal.ts'
import { beginSuspended, commitSuspended, discardUnfinished } from '../src/node/guest-state/suspended.ts'
import type { TaskService } from './task-service.ts'

export interface SuspendPorts {
  readonly tasks: TaskService
  owner(name: GuestName): GuestOwner
  directory(name: GuestName): string
}

/** Suspends guests to disk. Going on is a start: prepare.ts finds the saved memory and uses it up. */
export class SuspendService {
  readonly #ports: SuspendPorts

  constructor(ports: SuspendPorts) {
    this.#ports = ports
  }

  /**
   * Once the folder has its final name the guest is suspended; its QEMU, paused and with its disk let go, is then ended.
   * Before that every failure, and a force stop, leaves it as it was.
   */
  async suspend(name: GuestName, signal?: AbortSignal): Promise<'done' | 'already'> {
    const owner = this.#ports.owner(name)
    const directory = this.#ports.directory(name)
    const run = (abort: AbortSignal) =>
      owner.request('suspend', {
        work: async (hold) => {
          const machine = hold.machine()
          if (machine === null) throw new Fault('guest', 'it ended before it could be suspended')
          const stop = AbortSignal.any([abort, hold.signal])
          stop.throwIfAborted()
          hold.tell('writing its memory')
          writeJournal(directory, { step: 'suspend', wasRunning: (await hold.state()) === 'running' })
          try {
            await machine.saveState({ directory: await beginSuspended(directory), diskSnapshot: null, afterwards: 'stand', signal: stop })
            await commitSuspended(directory, join(directory, 'disk.qcow2'), null)
          } catch (error) {
            await discardUnfinished(directory)
            clearJournal(directory)
            throw error
          }
          await hold.quit()
          clearJournal(directory)
          return 'suspended'
        },
      })
    return this.#ports.tasks.run({ kind: 'suspend', title: `Suspend ${name}`, guest: name, signal }, run)
  }
}
