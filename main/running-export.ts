import { Refusal } from '../src/contract/refusal.ts'
import type { DiskCopy } from '../src/engine/engine.ts'
import { whileFrozen } from '../src/engine/frozen.ts'
import type { GuestOwner } from '../src/guest/owner.ts'

/** The part of a guest's owner that its copy asks of. */
export type CopySource = Pick<GuestOwner, 'definition' | 'machine' | 'state' | 'agentState' | 'request'>

export interface RunningCopyOptions {
  readonly signal: AbortSignal
  progressed(fraction: number): void
  message(text: string): void
}

/** The instant whose disk a copy is, and why the guest's file systems were not held still then; null when they were. */
export interface Taken {
  readonly at: Date
  readonly unready: string | null
}

/**
 * Copies the disk of a guest that is up to `path`, as it is at one instant. The guest is held only for the copy's beginning:
 * it can be paused, stopped, whatever, while it is made. One that ends meanwhile takes its copy along.
 */
export async function copyRunningDisk(owner: CopySource, path: string, options: RunningCopyOptions): Promise<Taken> {
  const { machine } = owner
  if (machine === null) throw ended(owner)
  const copy = await begin(owner, path)
  try {
    await copy.caughtUp((fraction) => options.progressed(fraction), options.signal)
    options.signal.throwIfAborted()
    return await take(owner, copy, options)
  } catch (error) {
    await copy.abandon()
    const isUp = (await machine.status().catch(() => 'shutdown')) !== 'shutdown'
    throw isUp || options.signal.aborted ? error : ended(owner)
  }
}

/** While nothing else is done with the guest: it might be in the midst of being saved. */
async function begin(owner: CopySource, path: string): Promise<DiskCopy> {
  let begun: DiskCopy | null = null
  await owner.request('tend', {
    work: async (hold) => {
      begun = (await hold.machine()?.beginDiskCopy(path)) ?? null
      return hold.state()
    },
  })
  if (begun === null) throw ended(owner)
  return begun
}

async function take(owner: CopySource, copy: DiskCopy, { message }: RunningCopyOptions): Promise<Taken> {
  let at = new Date()
  const now = async () => {
    await copy.take()
    at = new Date()
  }
  if (owner.machine === null) throw ended(owner)
  if (owner.agentState !== 'live' || owner.state !== 'running') {
    await now()
    return { at, unready: owner.state === 'paused' ? 'it was paused' : 'its guest agent does not answer' }
  }
  const { held, reason } = await whileFrozen(owner.machine.agent, now, { stillFrozen: (why) => message(`its file systems may still be frozen: ${why}`) })
  return { at, unready: held > 0 ? null : (reason ?? 'no file system could be held still') }
}

function ended({ definition: { name } }: CopySource): Refusal {
  return new Refusal('wrong-state', name, 'it ended while its disk was being copied', 'export it again, now that it is off')
}
