import { type GuestState, isStopped } from '../contract/guest.ts'
import { type EditPlan, fieldNames, type GuestSettings, type PlannedChange, type SettingName, type SettingsChange } from '../contract/guest-settings.ts'
import type { GuestName } from '../contract/names.ts'
import { type GuestDefinition, recipeOf } from './definition.ts'
import { changedFields, inWords, settingsOf, withChanges } from './settings.ts'

/** What a plan depends on beside the definition. */
export interface EditSituation {
  readonly state: GuestState
  /** The machine of the current run has an optical drive; null while none runs. */
  readonly hasDrive: boolean | null
  readonly hostCpus: number
  /** Why this host has no clipboard for guests, or null. */
  readonly clipboardUnavailable: string | null
  isFree(name: GuestName): boolean
  /** Why this computer could not start a guest with so much memory, in a sentence; `certain`: not even when told to. */
  sizeFault(memoryMiB: number): { readonly certain: boolean; readonly text: string } | null
  /** Why the file cannot be read as a disc, or null. */
  discFault(path: string): string | null
}

type Answer = Pick<PlannedChange, 'when' | 'note'>

const live: Answer = { when: 'live', note: null }
const nextBoot: Answer = { when: 'next-boot', note: null }
const refused = (note: string): Answer => ({ when: 'refused', note })

/** For each field that would change: whether it is in force at once, at the next power-on, or refused and why. */
export function planEdit(definition: GuestDefinition, changes: SettingsChange, situation: EditSituation): Omit<EditPlan, 'hash'> {
  const before = settingsOf(definition)
  const after = withChanges(before, changes)
  const planned = changedFields(before, changes).map((field): PlannedChange => {
    const { when, note } = answer(field, after, definition, situation)
    return { field, from: inWords(field, before), to: inWords(field, after), when, note }
  })
  return { changes: planned, allowed: planned.every(({ when }) => when !== 'refused') }
}

/** What of a plan cannot be, and why, by the names of the command line; null when all can. */
export function refusedIn({ changes }: Pick<EditPlan, 'changes'>): string | null {
  const reasons = changes.flatMap(({ field, when, note }) => (when === 'refused' ? [`${fieldNames[field]}: ${note ?? 'it cannot be changed.'}`] : []))
  return reasons.length === 0 ? null : reasons.join(' ')
}

const hardware: readonly SettingName[] = ['profile', 'firmware', 'secureBoot', 'tpm', 'driverDisc', 'bootFrom']
const ofSavedState: readonly SettingName[] = ['name', 'profile', 'firmware', 'secureBoot', 'tpm', 'vcpus', 'memoryMiB', 'screen', 'cdrom', 'driverDisc', 'parameters']

function answer(field: SettingName, after: GuestSettings, definition: GuestDefinition, situation: EditSituation): Answer {
  const { state } = situation
  if (state === 'suspended' && ofSavedState.includes(field)) return refused('Its suspended state was saved with the old value: resume it, or stop it for good, first.')
  if (state === 'suspending') return refused('It is being suspended: wait until that is done.')
  if (hardware.includes(field) && recipeOf(definition) !== null) return refused('The demonstration guests are made for the hardware they have.')
  switch (field) {
    case 'name':
      return rename(after.name, situation)
    case 'title':
    case 'kind':
    case 'os':
      return live
    case 'profile':
      return { when: 'next-boot', note: 'The system in it has to know the new hardware; if it does not start, change it back.' }
    case 'firmware':
      return { when: 'next-boot', note: `A system installed with ${definition.firmware === 'uefi' ? 'UEFI' : 'BIOS'} usually starts only with it; if it does not start, change it back.` }
    case 'secureBoot':
      return secureBoot(after)
    case 'tpm':
      return after.tpm && after.profile === 'legacy' ? refused('The profile legacy has no TPM.') : nextBoot
    case 'vcpus':
      return after.vcpus > situation.hostCpus ? { when: 'next-boot', note: `This computer has ${situation.hostCpus}: more only slow the guest down.` } : nextBoot
    case 'memoryMiB':
      return memory(after.memoryMiB, situation)
    case 'clipboard':
      return clipboard(after, situation)
    case 'cdrom':
      return disc(after.cdrom, situation)
    case 'driverDisc':
      return driverDisc(after, situation)
    case 'bootFrom':
    case 'screen':
    case 'parameters':
      return nextBoot
  }
}

function memory(memoryMiB: number, { sizeFault }: EditSituation): Answer {
  const fault = sizeFault(memoryMiB)
  if (fault === null) return nextBoot
  return fault.certain ? refused(fault.text) : { when: 'next-boot', note: fault.text }
}

function rename(to: GuestName, { state, isFree }: EditSituation): Answer {
  if (!isStopped(state)) return refused('Only a stopped guest can be renamed: its folder, its file and its DNS name change with it.')
  if (to === 'host') return refused('The name host means this computer: choose another.')
  return isFree(to) ? { when: 'live', note: 'Its folder, its file and its DNS name follow.' } : refused(`There is another guest ${to}, or a folder of that name.`)
}

function secureBoot({ secureBoot: wanted, firmware, profile }: GuestSettings): Answer {
  if (!wanted) return nextBoot
  if (profile === 'legacy') return refused('The profile legacy has no secure boot.')
  return firmware === 'uefi' ? nextBoot : refused('Secure boot needs the firmware uefi.')
}

function clipboard({ clipboard: mode, profile }: GuestSettings, { clipboardUnavailable }: EditSituation): Answer {
  if (mode === 'off') return live
  if (profile === 'legacy') return refused('The profile legacy has no port for a clipboard.')
  return clipboardUnavailable === null ? live : refused(clipboardUnavailable)
}

function disc(path: string | null, { hasDrive, discFault }: EditSituation): Answer {
  const fault = path === null ? null : discFault(path)
  if (fault !== null) return refused(fault)
  if (hasDrive === false) return { when: 'next-boot', note: 'It was started without an optical drive.' }
  return hasDrive === true ? live : nextBoot
}

function driverDisc({ driverDisc: path, profile }: GuestSettings, { discFault }: EditSituation): Answer {
  if (path === null) return { when: 'next-boot', note: 'Its disk and network cards are then not virtio any more: Windows may not start without their drivers.' }
  if (profile !== 'windows-modern') return refused('Only the profile windows-modern takes a disc of drivers.')
  const fault = discFault(path)
  return fault === null ? { when: 'next-boot', note: 'Its disk and network cards are then virtio: install the drivers first, or Windows does not start.' } : refused(fault)
}
