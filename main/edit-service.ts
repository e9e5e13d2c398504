import { join } from 'node:path'
import { mebibytesInWords } from '../src/contract/amount.ts'
import type { GuestUpdate } from '../src/contract/guest.ts'
import type { EditPlan, GuestSettingsView, SettingsChange } from '../src/contract/guest-settings.ts'
import type { GuestName } from '../src/contract/names.ts'
import { Refusal } from '../src/contract/refusal.ts'
import type { EngineDescription } from '../src/engine/engine.ts'
import { editGuestFile, parseGuestFile } from '../src/guest/definition-file.ts'
import { type GuestDefinition, recipeOf } from '../src/guest/definition.ts'
import { type EditSituation, planEdit, refusedIn } from '../src/guest/edit-plan.ts'
import { changedFields, settingsOf } from '../src/guest/settings.ts'
import type { GuestFile, GuestStore } from '../src/node/guest-store.ts'
import { growDisk, readDiskInfo } from '../src/node/qemu/disk-image.ts'
import { makeBackingsRelative } from '../src/node/qemu/inner-backing.ts'
import { discFault } from './disc-file.ts'
import { hostCpus, sizeFault } from './guest-limits.ts'
import type { GuestRegistry } from './guest-registry.ts'
import { type LibraryService, demandStopped, onDisk } from './library-service.ts'

export interface EditPorts {
  readonly guests: GuestRegistry
  readonly store: GuestStore
  readonly library: LibraryService
  description(): EngineDescription | null
  /** The guest's file says something else now. */
  edited(): void
  /** The guest has the name `to` now: whoever keeps something under its old one follows. */
  renamed(name: GuestName, to: GuestName): void
}

const mebibyte = 1_048_576

/** Looks at and changes what guest.yaml says of a guest, as one step, and puts into force at once what can be. */
export class EditService {
  readonly #ports: EditPorts

  constructor(ports: EditPorts) {
    this.#ports = ports
  }

  async settings(name: GuestName): Promise<GuestSettingsView> {
    const { guests, store } = this.#ports
    guests.get(name)
    const { definition, hash } = store.read(name)
    const { source } = definition
    const origin = 'recipe' in source ? ({ kind: 'recipe', name: source.recipe } as const) : 'template' in source ? ({ kind: 'template', name: source.template } as const) : ({ kind: 'own', name: null } as const)
    const disk = await readDiskInfo(join(store.directory(name), 'disk.qcow2')).then(
      ({ virtualBytes, usedBytes }) => ({ virtualMiB: Math.round(virtualBytes / mebibyte), usedMiB: Math.round(usedBytes / mebibyte) }),
      () => null,
    )
    return { settings: settingsOf(definition), hash, path: store.filePath(name), origin, disk }
  }

  async plan(name: GuestName, changes: SettingsChange): Promise<EditPlan> {
    this.#ports.guests.get(name)
    return this.#plan(name, this.#ports.store.read(name), changes)
  }

  /** All changes or none; see the contract's `guest.edit`. */
  async edit(name: GuestName, changes: SettingsChange, basedOn: string | undefined): Promise<{ guest: GuestUpdate; plan: EditPlan }> {
    const { guests, store } = this.#ports
    guests.get(name)
    const file = store.read(name)
    if (basedOn !== undefined && basedOn !== file.hash) throw new Refusal('in-use', store.filePath(name), 'it was changed since it was read', 'look at what it says now, and change it again')
    const plan = await this.#plan(name, file, changes)
    const refused = refusedIn(plan)
    if (refused !== null) throw new Refusal('out-of-range', name, refused)
    const values = changesOf(file.definition, changes)
    if (changes.name !== undefined && changes.name !== name) {
      await this.#rename(name, changes.name, file, values)
      return { guest: guests.get(changes.name).current(), plan }
    }
    if (values.length === 0) return { guest: guests.get(name).current(), plan }
    const undo = await this.#applyLive(name, plan, file.definition, changes)
    try {
      const edited = await store.editExactly(name, file.hash, values)
      guests.get(name).redefine(edited.definition)
      this.#ports.edited()
      return { guest: guests.get(name).current(), plan }
    } catch (error) {
      await undo()
      throw onDisk(error, `${store.filePath(name)} could not be written`)
    }
  }

  async rename(name: GuestName, to: GuestName): Promise<GuestUpdate> {
    const { guest } = await this.edit(name, { name: to }, undefined)
    return guest
  }

  async growDisk(name: GuestName, diskMiB: number): Promise<GuestSettingsView> {
    const { guests, store } = this.#ports
    const { state, definition } = guests.get(name)
    demandStopped(guests, name, 'given another disk')
    const path = join(store.directory(name), 'disk.qcow2')
    if (recipeOf(definition) !== null) throw new Refusal('unsupported', name, 'a demonstration guest begins from a fresh disk at its next start', 'make a guest of your own for more room')
    const { virtualBytes } = await readDiskInfo(path)
    if (diskMiB * mebibyte < virtualBytes) throw new Refusal('out-of-range', name, `its disk has ${mebibytesInWords(virtualBytes / mebibyte, Math.ceil)} and can only grow (it is ${state})`)
    await growDisk(path, diskMiB)
    return this.settings(name)
  }

  async #plan(name: GuestName, file: GuestFile, changes: SettingsChange): Promise<EditPlan> {
    const discs = [changes.cdrom, changes.driverDisc].filter((path) => typeof path === 'string')
    const faults = new Map(await Promise.all(discs.map(async (path) => [path, await discFault(path)] as const)))
    return { ...planEdit(file.definition, changes, this.#situation(name, faults)), hash: file.hash }
  }

  #situation(name: GuestName, faults: ReadonlyMap<string, string | null>): EditSituation {
    const { guests, library, description } = this.#ports
    const owner = guests.get(name)
    const clipboard = description()?.capabilities.clipboard ?? 'QEMU has not been found.'
    return {
      state: owner.state,
      hasDrive: owner.machine === null ? null : owner.machine.spec.discPath !== undefined,
      sizeFault,
      hostCpus,
      clipboardUnavailable: clipboard === true ? null : clipboard,
      isFree: (wish) => library.isFree(wish),
      discFault: (path) => faults.get(path) ?? null,
    }
  }

  /** What a running machine takes at once; answers how to take it back. */
  async #applyLive(name: GuestName, plan: EditPlan, before: GuestDefinition, changes: SettingsChange): Promise<() => Promise<void>> {
    const owner = this.#ports.guests.get(name)
    const { machine } = owner
    const isLive = (field: 'cdrom' | 'clipboard') => machine !== null && plan.changes.some((change) => change.field === field && change.when === 'live')
    const undo: (() => Promise<unknown>)[] = []
    if (changes.cdrom !== undefined && isLive('cdrom')) {
      await machine?.changeDisc(changes.cdrom)
      undo.push(async () => machine?.changeDisc(before.cdrom))
    }
    if (changes.clipboard !== undefined && isLive('clipboard')) {
      await machine?.setClipboard(changes.clipboard)
      undo.push(async () => machine?.setClipboard(before.clipboard))
    }
    return async () => {
      for (const step of undo) await step().catch(() => undefined) // the first error is the one to tell
    }
  }

  async #rename(name: GuestName, to: GuestName, file: GuestFile, values: ReturnType<typeof changesOf>): Promise<void> {
    const { guests, store, renamed } = this.#ports
    const text = editGuestFile(file.text, values)
    const definition = parseGuestFile(text, store.filePath(name))
    await makeBackingsRelative(store.directory(name))
    try {
      await store.folders.move(store.directory(name), to, text, {
        before: () => {
          demandStopped(guests, name, 'renamed')
          if (store.read(name).text !== file.text) throw new Refusal('in-use', store.filePath(name), 'it was changed while the guest was being renamed', 'rename it again')
        },
        after: () => {
          guests.remove(name)
          guests.add(definition)
          renamed(name, to)
        },
      })
    } catch (error) {
      throw onDisk(error, `${name} could not be renamed`)
    }
  }
}

/** The values to write: only what differs, so that what a person left out of the file stays out of it. */
function changesOf(definition: GuestDefinition, changes: SettingsChange): { path: string[]; value: unknown }[] {
  return changedFields(settingsOf(definition), changes).map((field) => ({ path: [field], value: changes[field] }))
}
