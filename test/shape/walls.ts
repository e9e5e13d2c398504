/**
 * Who may import whom (design of record, section 3). A file belongs to the first place whose pattern it matches.
 * `ours` lists the places it may import from besides its own; `packages` what else.
 */
export interface Place {
  readonly name: string
  readonly pattern: RegExp
  readonly ours: readonly string[]
  /** Packages and built-ins: by pattern, or null for any. */
  readonly packages: RegExp | null
}

const pure = /^(?!node:|electron$|electron\/|react|ws$|pino$)/
const node = /^(?!electron$|electron\/|react)/

/** The domains: pure, and strangers to each other (they meet in main/host.ts). */
const domains = ['guest', 'network', 'resource', 'policy', 'image', 'web', 'screen', 'stage'] as const

export const places: readonly Place[] = [
  { name: 'contract', pattern: /^src\/contract\//, ours: [], packages: /^(zod|@orpc\/(contract|client)(\/.*)?)$/ },
  { name: 'engine', pattern: /^src\/engine\//, ours: ['contract', 'shared'], packages: pure },
  // The guest's owner drives a machine and its sliders: the engine's interface is its port, not a sibling's inside.
  ...domains.map((domain): Place => ({ name: domain, pattern: new RegExp(`^src/${domain}/`), ours: ['contract', 'engine', 'shared'], packages: pure })),
  { name: 'node', pattern: /^src\/node\//, ours: ['contract', 'engine', 'shared', ...domains], packages: node },
  { name: 'shared', pattern: /^src\/[^/]+$/, ours: ['contract'], packages: pure },
  { name: 'electron entries', pattern: /^main\/shell\/(electron|preload)\.ts$/, ours: ['contract', 'node', 'main', 'shared'], packages: null },
  { name: 'main', pattern: /^main\//, ours: ['contract', 'engine', 'shared', 'node', ...domains], packages: node },
  { name: 'renderer', pattern: /^renderer\//, ours: ['contract'], packages: /^(?!node:|electron|ws$|pino$|@orpc\/server)/ },
]

export function placeOf(path: string): Place | null {
  return places.find((place) => place.pattern.test(path)) ?? null
}
