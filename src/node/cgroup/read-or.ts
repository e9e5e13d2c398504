import { readFileSync } from 'node:fs'

/** What a file of the kernel's says, or `otherwise` where it is not there (any more). */
export function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise
  }
}
