import type { GuestName } from '../contract/names.ts'
import type { HttpLine } from '../contract/network.ts'
import { hostParty, type WebProbe } from '../contract/web.ts'
import type { PageAnswer } from './answer.ts'

export interface Pair {
  readonly from: GuestName
  readonly to: GuestName
  readonly path: string
}

/** The page of a party; the host's is the network's own status page. */
export function probeUrl(to: GuestName, domain: string, path: string): string {
  return to === hostParty ? `http://${domain}${path}` : `http://${to}.${domain}${path}`
}

export function probeOf(pair: Pair, url: string, at: string, answer: PageAnswer, evidence: 'agent' | 'host', method: string | null): WebProbe {
  const { status, milliseconds, title, server, bytes, error } = answer
  return { from: pair.from, to: pair.to, url, at, status, milliseconds: Math.round(milliseconds), title, server, bytes, error, evidence, method }
}

/** The pair cannot be asked at all. */
export function unasked({ from, to }: Pair, url: string, reason: string, at = new Date()): WebProbe {
  return { from, to, url, at: at.toISOString(), status: 0, milliseconds: 0, title: null, server: null, bytes: 0, error: reason, evidence: 'host', method: null }
}

/** How long ago a request on the wire may have been to say that the page can be opened. */
export const wireFreshMs = 60_000

/**
 * What the HTTP log says of the pair: its newest completed request of the last minute, of the same path if there is
 * one. `reason` says why nobody could be asked, and stands when nothing was seen.
 */
export function probeFromWire(pair: Pair, url: string, lines: readonly HttpLine[], reason: string, now: Date): WebProbe {
  const since = now.getTime() - wireFreshMs
  const names = { from: nameOnWire(pair.from), to: nameOnWire(pair.to) }
  const seen = lines.filter((line) => line.from === names.from && line.to === names.to && line.status !== null && Date.parse(line.at) >= since)
  const line = seen.findLast((each) => each.path === pair.path) ?? seen.at(-1)
  const base = { from: pair.from, to: pair.to, title: null, server: null, evidence: 'wire' as const, method: null }
  if (line === undefined) {
    return { ...base, url, at: now.toISOString(), status: 0, milliseconds: 0, bytes: 0, error: `${reason}; nothing was seen on the wire in the last minute` }
  }
  return { ...base, url: url.slice(0, url.length - pair.path.length) + line.path, at: line.at, status: line.status ?? 0, milliseconds: Math.round(line.milliseconds ?? 0), bytes: line.bytes ?? 0, error: null }
}

/** The log calls the host by its place on the network. */
function nameOnWire(party: GuestName): string {
  return party === hostParty ? 'gateway' : party
}
