import { resolve } from 'node:path'
import type { z } from 'zod'
import { mebibytesInWords } from '../../src/contract/amount.ts'
import { fieldNames, GuestSettings, SettingName, type SettingsChange } from '../../src/contract/guest-settings.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { readAmount } from './units.ts'
import { readGuestName } from './values.ts'

const usage = (what: string, wayOut: string | null = null) => new CommandFailure(exitCodes.usage, what, wayOut)

/** What `diptych edit` understands, in the words its help and its errors use. */
export const editable = {
  name: 'name=web-2 (only while it is stopped)',
  title: 'title="Web server"',
  os: 'os="Debian 12"',
  kind: 'kind=linux, windows or other',
  cpus: 'cpus=2',
  memory: 'memory=2GiB or memory=512MiB',
  profile: 'profile=linux-modern, windows-modern or legacy',
  firmware: 'firmware=bios or uefi',
  boot: 'boot=disk or boot=cdrom (what is tried first)',
  'secure-boot': 'secure-boot=on or off',
  tpm: 'tpm=on or off',
  screen: 'screen=1280x800',
  clipboard: 'clipboard=off, guest-to-host or both',
  cdrom: 'cdrom=/path/to/disc.iso or cdrom=none',
  'driver-disc': 'driver-disc=/path/to/virtio-win.iso or driver-disc=none',
} as const

type Key = keyof typeof editable

/** How a field of the contract is called on the command line. */
export function keyOf(field: string): string {
  const known = SettingName.safeParse(field)
  return known.success ? fieldNames[known.data] : field
}

function fieldOf(key: Key): SettingName {
  const field = SettingName.options.find((each) => fieldNames[each] === key)
  if (field === undefined) throw new TypeError(`no setting is called ${key}`)
  return field
}

/** `memory=2GiB title=Web` as a change; file names are taken from `directory`. Throws CommandFailure (usage) saying what would be right. */
export function readSettings(assignments: readonly string[], directory: string): SettingsChange {
  const change: Record<string, unknown> = {}
  for (const assignment of assignments) {
    const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(assignment) ?? []
    if (!isKey(key)) throw usage(key === '' ? `"${assignment}" is not of the form field=value.` : `There is no field "${key}".`, `Fields: ${Object.values(editable).join('; ')}.`)
    const field = fieldOf(key)
    if (Object.hasOwn(change, field)) throw usage(`${key} is given twice.`, 'Give each field once.')
    const parsed = GuestSettings.shape[field].safeParse(readValue(key, value, directory))
    if (!parsed.success) throw usage(`"${value}" does not fit ${key}${boundOf(field, parsed.error.issues[0])}.`, `Write ${editable[key]}.`)
    change[field] = parsed.data
  }
  return change // every value has passed its field's own schema
}

/** How far a value may go, where that is what is wrong with it; the form is told beside it. */
function boundOf(field: SettingName, issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === 'too_small') return `: at least ${boundInWords(field, issue.minimum, issue.origin)}`
  if (issue?.code === 'too_big') return `: at most ${boundInWords(field, issue.maximum, issue.origin)}`
  return issue?.code === 'custom' ? `: ${issue.message}` : ''
}

function boundInWords(field: SettingName, bound: number | bigint, origin: string): string {
  return field === 'memoryMiB' ? mebibytesInWords(Number(bound)) : `${bound}${origin === 'string' ? ' characters' : ''}`
}

function isKey(text: string): text is Key {
  return Object.hasOwn(editable, text)
}

function readValue(key: Key, text: string, directory: string): unknown {
  switch (key) {
    case 'name':
      return readGuestName(text)
    case 'cpus':
      return /^\d+$/.test(text) ? Number(text) : text
    case 'memory':
      return readAmount(text, { MiB: 1, GiB: 1024, TiB: 1_048_576 }) ?? text
    case 'secure-boot':
    case 'tpm':
      return text === 'on' ? true : text === 'off' ? false : text
    case 'screen': {
      const [, width, height] = /^(\d+)[x×](\d+)$/.exec(text) ?? []
      return width === undefined ? text : { width: Number(width), height: Number(height) }
    }
    case 'cdrom':
    case 'driver-disc':
      return text === 'none' ? null : resolve(directory, text)
    default:
      return text
  }
}
