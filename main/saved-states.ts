import { join } from 'node:path'
import type { GuestName } from '../src/contract/names.ts'
import type { Engine } from '../src/engine/engine.ts'
import type { GuestOwner } from '../src/guest/owner.ts'
import { followCache } from '../src/node/guest-state/moved-cache.ts'
import { dropSuspended } from '../src/node/guest-state/suspended.ts'
import { SnapshotStore } from '../src/node/guest-state/snapshot-store.ts'
import type { TrashId } from '../src/contract/trash.ts'
import { SnapshotService } from './snapshot-service.ts'
import { StageSnapshotService } from './stage-snapshot-service.ts'
import { SuspendService } from './suspend-service.ts'
import type { TaskService } from './task-service.ts'

export interface SavedStatePorts {
  readonly tasks: TaskService
  readonly engine: Engine
  readonly dataDirectory: string
  readonly cacheDirectory: string
  owners(): GuestOwner[]
  owner(name: GuestName): GuestOwner
  /** The guests of the stage, by name; some may not have been made yet. */
  stageGuests(): readonly GuestName[]
  directory(name: GuestName): string
  /** Deleted guests, with what was kept of them. */
  trashed(): readonly { readonly id: TrashId; readonly name: GuestName; readonly folder: string }[]
  message(level: 'info' | 'warning' | 'error', guest: GuestName | null, text: string): void
}

/** Everything that is kept of guests besides their disks, in one place for the host to hold. */
export class SavedStates {
  readonly suspending: SuspendService
  readonly snapshots: SnapshotService
  readonly stage: StageSnapshotService
  readonly #ports: SavedStatePorts

  constructor(ports: SavedStatePorts) {
    this.#ports = ports
    this.suspending = new SuspendService(ports)
    this.snapshots = new SnapshotService({ ...ports, deleted: () => this.stage.partsChanged() })
    const owners = () => ports.owners().filter((owner) => ports.stageGuests().includes(owner.definition.name))
    this.stage = new StageSnapshotService({ ...ports, snapshots: this.snapshots, owners, everyone: () => ports.owners() })
  }

  /** Puts in order what a killed host left; after its machines were adopted. */
  async recover(): Promise<void> {
    const { owners, directory, cacheDirectory } = this.#ports
    const off = owners().filter(({ machine }) => machine === null).map(({ definition }) => directory(definition.name))
    for (const folder of off) await followCache(folder, join(folder, 'disk.qcow2'), cacheDirectory).catch(() => null) // told when it is to be started
    await this.snapshots.recover()
    await this.stage.recover()
  }

  /** Forgets what would keep a guest that is off from a fresh start; its snapshots stay. */
  forget(name: GuestName): void {
    const directory = this.#ports.directory(name)
    void dropSuspended(directory).catch(() => undefined) // what is left is swept with the next work on the guest
    new SnapshotStore(directory).clearCurrent()
  }
}
