import type { ClipboardMode, GuestKind, GuestView } from '../src/contract/guest.ts'
import type { HardwareProfile } from '../src/contract/hardware.ts'
import type { Message } from '../src/contract/host.ts'
import { GuestName } from '../src/contract/names.ts'
import type { HttpLine } from '../src/contract/network.ts'

/** Bits per second in words, three digits at most: `0 bit/s`, `640 kbit/s`, `1.2 Mbit/s`. */
export function bitRate(bitsPerSecond: number): string {
  if (bitsPerSecond >= 1e9) return `${digits(bitsPerSecond / 1e9)} Gbit/s`
  if (bitsPerSecond >= 1e6) return `${digits(bitsPerSecond / 1e6)} Mbit/s`
  if (bitsPerSecond >= 1e3) return `${digits(bitsPerSecond / 1e3)} kbit/s`
  return `${Math.round(bitsPerSecond)} bit/s`
}

/** Bytes in words, decimal as networks count them: `640 B`, `1.2 MB`. */
export function byteCount(bytes: number): string {
  if (bytes >= 1e9) return `${digits(bytes / 1e9)} GB`
  if (bytes >= 1e6) return `${digits(bytes / 1e6)} MB`
  if (bytes >= 1e3) return `${digits(bytes / 1e3)} kB`
  return `${Math.round(bytes)} B`
}

/** MiB in words: `512 MiB`, `3.1 GiB`. */
export function memory(mib: number): string {
  return mib >= 1024 ? `${digits(mib / 1024)} GiB` : `${Math.round(mib)} MiB`
}

function digits(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value >= 10 ? value.toFixed(1).replace(/\.0$/, '') : value.toFixed(1)
}

/** A stretch of time left, rounded as a person would say it. */
export function remaining(seconds: number): string {
  if (seconds < 1) return 'a moment left'
  if (seconds < 90) return `about ${Math.max(1, Math.round(seconds))} s left`
  return `about ${Math.round(seconds / 60)} min left`
}

/** Wall-clock time of an ISO date, hours to seconds. */
export function clockTime(iso: string): string {
  return new Date(iso).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false })
}

/** What each kind of guest is called. The stand-in is never called Windows alone. */
export const kindLabel: Record<GuestKind, string> = {
  linux: 'Linux',
  windows: 'Windows',
  'windows-stand-in': 'Windows stand-in (Wine)',
  other: 'Guest',
}

/** Hardware profiles in the words of a person who chooses one. */
export const hardwareChoices: readonly { readonly value: HardwareProfile; readonly label: string }[] = [
  { value: 'linux-modern', label: 'Paravirtual, for Linux' },
  { value: 'windows-modern', label: 'Windows 10, 11 and Server' },
  { value: 'legacy', label: 'Of 2000 to 2009, for old systems' },
]

export const clipboardChoices: readonly { readonly value: ClipboardMode; readonly label: string }[] = [
  { value: 'off', label: 'Off' },
  { value: 'guest-to-host', label: 'From guest to host' },
  { value: 'both', label: 'Both ways' },
]

/** Why a text is no guest's or template's name, in words; null when it is one. */
export function nameProblem(text: string): string | null {
  const problem = GuestName.safeParse(text).error?.issues[0]?.message
  return problem === undefined ? null : `${capital(problem)}.`
}

/** The guest's title, with the stand-in's label whatever its definition calls it. */
export function displayName(view: GuestView): string {
  if (view.kind !== 'windows-stand-in') return view.title || view.name
  const label = kindLabel['windows-stand-in']
  return view.title.toLowerCase().includes('stand-in') || view.title === '' ? label : `${view.title}: ${label}`
}

/** A guest's state in words, agent included where it matters: `running, agent silent`. */
export function stateWords(view: GuestView): string {
  switch (view.state) {
    case 'defined':
      return 'never started'
    case 'starting':
      return view.boot === 'warm' ? 'starting warm' : 'starting'
    case 'running':
      return view.agent === 'live' ? 'running' : view.agent === 'silent' ? 'running, agent silent' : 'running, no agent yet'
    case 'paused':
      return 'paused'
    case 'suspending':
      return 'suspending'
    case 'suspended':
      return 'suspended'
    case 'stopping':
      return 'stopping'
    case 'stopped':
      return 'stopped'
    case 'failed':
      return 'failed'
  }
}

/** What one exchange asked and got, in words: `GET / 200, 12 ms`. */
export function outcomeWords(line: HttpLine): string {
  const outcome = line.status === null ? 'no answer yet' : String(line.status)
  const took = line.milliseconds === null ? '' : `, ${line.milliseconds < 10 ? line.milliseconds.toFixed(1).replace(/\.0$/, '') : Math.round(line.milliseconds)} ms`
  return `${line.method} ${line.path} ${outcome}${took}`
}

/** How long ago something was, once that is worth saying: null within the last ten seconds. */
export function ageWords(milliseconds: number): string | null {
  const seconds = Math.floor(milliseconds / 1_000)
  if (seconds < 10) return null
  if (seconds < 60) return `${Math.floor(seconds / 10) * 10} s ago`
  return seconds < 3_600 ? `${Math.floor(seconds / 60)} min ago` : `${Math.floor(seconds / 3_600)} h ago`
}

/** Sentence case for state words that open a line. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** A message as a whole sentence: what the host says of a guest (`started warm`) does not name it. */
export function messageWords({ guest, text }: Pick<Message, 'guest' | 'text'>, view: GuestView | undefined): string {
  if (guest === null) return capital(text)
  return text.includes(guest) ? text : `${view === undefined ? guest : displayName(view)}: ${text}`
}

/** A system with its version, once: many a name (`Debian GNU/Linux 12 (bookworm)`) ends with it already. */
export function systemWords({ name, version }: { readonly name: string; readonly version: string | null }): string {
  if (name === 'unknown') return 'System not known yet'
  return version === null || name.includes(version) ? name : `${name} ${version}`
}
