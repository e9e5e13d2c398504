import { z } from 'zod'
import type { GuestName } from '../contract/names.ts'
import type { WebProbe } from '../contract/web.ts'

/** What `diptych-guest fetch` prints in the guest: one JSON line (build/guests/README.md). */
const FetchLine = z.looseObject({
  status: z.number().int(),
  ms: z.number(),
  bytes: z.number().default(0),
  title: z.string().nullish(),
  server: z.string().nullish(),
  error: z.string().nullish(),
  body: z.string().nullish(),
})

/** The program and arguments that fetch a page inside a guest of ours. */
export function fetchCommand(url: string, timeoutMs: number): { path: string; args: string[] } {
  return { path: '/usr/local/bin/diptych-guest', args: ['fetch', url, '--timeout', String(Math.max(1, Math.ceil(timeoutMs / 1000)))] }
}

export function probeUrl(to: GuestName, domain: string, path: string): string {
  return `http://${to}.${domain}${path}`
}

/** Reads the outcome of `fetchCommand`. Output that is not the agreed line is an answer of "no", with the reason. */
export function readProbe(
  pair: { from: GuestName; to: GuestName; url: string; at: string; elapsedMs: number },
  outcome: { exitCode: number; stdout: string; stderr: string },
): WebProbe {
  const { from, to, url, at } = pair
  const base = { from, to, url, at, evidence: 'agent' as const }
  const line = outcome.stdout.split('\n').find((text) => text.startsWith('{'))
  let parsed: z.infer<typeof FetchLine> | null = null
  try {
    parsed = FetchLine.parse(JSON.parse(line ?? ''))
  } catch {
    parsed = null // reported below with what the program said instead
  }
  if (parsed === null) {
    const said = (outcome.stderr || outcome.stdout).trim().slice(0, 200)
    return { ...base, status: 0, milliseconds: pair.elapsedMs, title: null, server: null, bytes: 0, error: said || `the fetch in the guest ended with code ${outcome.exitCode}` }
  }
  return {
    ...base,
    status: parsed.status,
    milliseconds: parsed.ms,
    title: parsed.title ?? null,
    server: parsed.server ?? null,
    bytes: parsed.bytes,
    error: parsed.status === 0 ? (parsed.error ?? 'no answer') : null,
  }
}

/** A probe that could not even be made (the guest's agent does not answer). */
export function failedProbe(pair: { from: GuestName; to: GuestName; url: string; at: string; elapsedMs: number }, reason: string): WebProbe {
  return { from: pair.from, to: pair.to, url: pair.url, at: pair.at, evidence: 'agent', status: 0, milliseconds: pair.elapsedMs, title: null, server: null, bytes: 0, error: reason }
}
