import { z } from 'zod'

/** One line of progress from a recipe's build script (build/guests/README.md). */
export const RecipeProgress = z.object({
  step: z.string(),
  label: z.string(),
  done: z.number(),
  total: z.number(),
  bytes: z.number().optional(),
  expectedSeconds: z.number().optional(),
})
export type RecipeProgress = z.infer<typeof RecipeProgress>

export const RecipeManifest = z.looseObject({
  variant: z.string(),
  recipe: z.string(),
  os: z.string(),
  kernel: z.string(),
  packages: z.record(z.string(), z.string()),
  files: z.record(z.string(), z.object({ bytes: z.number(), sha256: z.string() })),
})
export type RecipeManifest = z.infer<typeof RecipeManifest>

/** Null for a line that is not progress: build tools may print what they like. */
export function parseProgress(line: string): RecipeProgress | null {
  if (!line.startsWith('{')) return null
  try {
    const parsed = RecipeProgress.safeParse(JSON.parse(line))
    return parsed.success ? parsed.data : null
  } catch {
    return null // not JSON: not progress
  }
}

/** 0 to 1 through the build, null while the script has not said how many steps there are. */
export function progressFraction(progress: RecipeProgress): number | null {
  return progress.total > 0 ? Math.min(1, Math.max(0, progress.done / progress.total)) : null
}

/** What makes two built images the same: the disk's and the kernel's content. Part of the warm state's key. */
export function imageId(manifest: RecipeManifest): string {
  return Object.entries(manifest.files)
    .filter(([name]) => name !== 'manifest.json')
    .map(([name, file]) => `${name}:${file.sha256}`)
    .sort()
    .join(' ')
}
