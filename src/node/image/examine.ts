import { realpath } from 'node:fs/promises'
import { detect, type DetectOptions } from '../../image/detect.ts'
import type { DiskFacts } from '../../image/disk-facts.ts'
import { type ExaminedDisk, examineDisk } from './examine-disk.ts'
import { type ExaminedPackage, examineOva, examineOvf } from './examine-package.ts'
import { withFile } from './file-source.ts'

/** What a file turned out to be, with everything it consists of judged. */
export type Examined =
  | { readonly what: 'disk'; readonly disk: ExaminedDisk }
  | { readonly what: 'disc'; readonly path: string; readonly facts: DiskFacts }
  | { readonly what: 'machine'; readonly package: ExaminedPackage }

/** Judges a file by its content, reading headers only. Throws ImageProblem, or what the file system said. */
export async function examine(path: string, options: DetectOptions): Promise<Examined> {
  const content = await withFile(path, (source) => detect(source, options))
  if (content.kind === 'ova') return { what: 'machine', package: await examineOva(path, options) }
  if (content.kind === 'ovf') return { what: 'machine', package: await examineOvf(path, options) }
  if (content.facts.format === 'iso') return { what: 'disc', path: await realpath(path), facts: content.facts }
  return { what: 'disk', disk: await examineDisk(path, options) }
}
