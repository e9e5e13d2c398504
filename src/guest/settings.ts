import { mebibytesInWords } from '../contract/amount.ts'
import { GuestSettings, type SettingName, type SettingsChange } from '../contract/guest-settings.ts'
import { type GuestDefinition, securityOf } from './definition.ts'

/** What `guest.edit` can change, as it is; secure boot and TPM as they are in force. */
export function settingsOf(definition: GuestDefinition): GuestSettings {
  return GuestSettings.parse({ ...definition, ...securityOf(definition) })
}

export function isSettingName(text: string): text is SettingName {
  return Object.hasOwn(GuestSettings.shape, text)
}

/** The settings after the changes. */
export function withChanges(before: GuestSettings, changes: SettingsChange): GuestSettings {
  return GuestSettings.parse({ ...before, ...Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) })
}

/** The fields whose values differ, in the order of the contract. */
export function changedFields(before: GuestSettings, changes: SettingsChange): SettingName[] {
  return Object.keys(GuestSettings.shape)
    .filter(isSettingName)
    .filter((field) => changes[field] !== undefined && JSON.stringify(changes[field]) !== JSON.stringify(before[field]))
}

/** A value of a field as a person reads it. */
export function inWords(field: SettingName, settings: GuestSettings): string {
  const value = settings[field]
  switch (field) {
    case 'memoryMiB':
      return mebibytesInWords(settings.memoryMiB)
    case 'screen':
      return `${settings.screen.width}×${settings.screen.height}`
    case 'parameters':
      return Object.entries(settings.parameters).map(([key, text]) => `${key}=${text}`).join(', ') || 'none'
    case 'cdrom':
    case 'driverDisc':
      return settings[field] ?? 'empty'
    case 'secureBoot':
    case 'tpm':
      return value === true ? 'on' : 'off'
    default:
      return String(value)
  }
}
