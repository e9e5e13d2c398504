/** A file system on which something does not fit, or does not fit any more. */
export interface FullDisk {
  /** What was, or would be, written; opens the sentence: "The export", "Saving". */
  readonly what: string
  /** The folder or file it lies in; left out where nobody knows. */
  readonly place?: string | undefined
  /** Where it is known before anything was written. */
  readonly room?: { readonly neededBytes: number; readonly freeBytes: number } | undefined
}

const mebibyte = 2 ** 20
const gibibyte = 2 ** 30

/** The way out of every full disk. */
export const makeRoom = 'Make room on that disk, then try again; diptych trash purge frees what was deleted.'

/** The one wording of a full disk: what does not fit, how much room it takes if that is known, and where. Ends without a full stop. */
export function diskFull({ what, place, room }: FullDisk): string {
  const where = place === undefined ? 'on its disk' : `in ${place}`
  if (room === undefined) return `${what} could not be written: no space is left ${where}`
  return `${what} takes up to ${amount(room.neededBytes, Math.ceil)} ${where}, where ${amount(room.freeBytes, Math.floor)} are free`
}

/** Whether an error of Node.js, or what a program said of one, means that nothing more fits. */
export function isDiskFull(error: unknown): boolean {
  const { code } = typeof error === 'object' && error !== null ? (error as { readonly code?: unknown }) : {}
  return code === 'ENOSPC' || code === 'EDQUOT' || (typeof error === 'string' && /No space left|Disk quota exceeded|SIGXFSZ|File too large/i.test(error))
}

/** Rounded so that it never sounds like enough where it is not. */
function amount(bytes: number, round: (value: number) => number): string {
  return bytes >= gibibyte ? `${(round((bytes / gibibyte) * 10) / 10).toFixed(1)} GiB` : `${round(bytes / mebibyte)} MiB`
}
