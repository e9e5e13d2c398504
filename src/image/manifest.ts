import { damaged, demand } from './image-problem.ts'

/** A file's checksum as a package states it (DSP0243, 5.1, "OVF package manifest"). */
export interface Checksum {
  readonly file: string
  readonly algorithm: 'sha1' | 'sha256' | 'sha512'
  readonly hex: string
}

const algorithms = { SHA1: 'sha1', SHA256: 'sha256', SHA512: 'sha512' } as const

/** Reads a manifest: lines of the form `SHA256(file.vmdk)= 0123…`. Throws ImageProblem for anything else. */
export function readManifest(text: string): Checksum[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, word, file, hex] = /^(SHA1|SHA256|SHA512)\s?\(([^)]{1,255})\)\s?=\s?([0-9a-fA-F]{40,128})\s*$/.exec(line) ?? []
      demand((word === 'SHA1' || word === 'SHA256' || word === 'SHA512') && file !== undefined && hex !== undefined, () => damaged('its list of checksums (.mf) cannot be read'))
      return { file, algorithm: algorithms[word], hex: hex.toLowerCase() }
    })
}

export function writeManifest(checksums: readonly Checksum[]): string {
  return checksums.map(({ file, algorithm, hex }) => `${algorithm.toUpperCase()}(${file})= ${hex}\n`).join('')
}
