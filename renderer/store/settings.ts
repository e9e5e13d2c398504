import { z } from 'zod'
import { defaultChord } from '../screen/release-chord.ts'

export const Layout = z.enum(['side-by-side', 'stacked', 'grid', 'focus'])
export type Layout = z.infer<typeof Layout>

/** What this window remembers by itself, in localStorage. A field that does not parse falls back to its default. */
export const Settings = z.object({
  theme: z.enum(['system', 'light', 'dark']).catch('system'),
  /** null: side by side up to two guests, a grid from three. */
  layout: Layout.nullable().catch(null),
  /** The guest shown in the focus layout. */
  focused: z.string().nullable().catch(null),
  /** Guests put on the stage or taken off it by hand; the others follow the rule in stage/layout.ts. */
  onStage: z.record(z.string(), z.boolean()).catch({}),
  /** The folder of each guest that files were last copied into. */
  copyTo: z.record(z.string(), z.string()).catch({}),
  scale: z.record(z.string(), z.enum(['fit', 'one-to-one', 'resize'])).catch({}),
  releaseChord: z.array(z.string()).min(1).max(3).catch([...defaultChord]),
})
export type Settings = z.infer<typeof Settings>

const storageKey = 'diptych.settings'

/** The remembered settings; defaults where storage is empty, unreadable or forbidden. */
export function loadSettings(storage: Pick<Storage, 'getItem'>): Settings {
  try {
    return Settings.parse(JSON.parse(storage.getItem(storageKey) ?? '{}'))
  } catch {
    // Not JSON, or storage is forbidden by the browser: settings are a convenience, the stage works without.
    return Settings.parse({})
  }
}

/** Remembers `settings`; a full or forbidden storage loses them and nothing else. */
export function saveSettings(storage: Pick<Storage, 'setItem'>, settings: Settings): void {
  try {
    storage.setItem(storageKey, JSON.stringify(settings))
  } catch {
    // See loadSettings.
  }
}
