import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { GuestName } from '../../contract/names.ts'
import { TemplateKind } from '../../contract/template.ts'
import { GuestDefinition } from '../../guest/definition.ts'

/** What the memory's file was when it was frozen: whether it still is that file takes one look. */
const FrozenMemory = z.strictObject({ bytes: z.number().int(), modifiedMs: z.number() })
export type FrozenMemory = z.infer<typeof FrozenMemory>

/** `template.yaml`, version 1. Written by Diptych; a person may change the title. */
export const TemplateFile = z.strictObject({
  version: z.literal(1, 'this version of Diptych reads version 1 of template.yaml'),
  name: GuestName,
  title: z.string().min(1).max(80),
  kind: TemplateKind,
  /** Why it is cold, where live was wanted. */
  note: z.string().nullable(),
  automatic: z.boolean(),
  madeAt: z.iso.datetime(),
  pausedMs: z.number().nullable(),
  diskVirtualBytes: z.number(),
  screen: z.strictObject({ width: z.number().int(), height: z.number().int() }).nullable(),
  memory: FrozenMemory.nullable(),
  /** The guest it was made of, as it was then: its clones are given everything but its identity. */
  definition: GuestDefinition,
})
export type TemplateFile = z.infer<typeof TemplateFile>

/** Throws what is wrong with it, in words. */
export function parseTemplateFile(text: string, path: string): TemplateFile {
  const parsed = TemplateFile.safeParse(parse(text, { maxAliasCount: 0 }))
  if (parsed.success) return parsed.data
  throw new Error(`${path} cannot be used: ${parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`)
}

export function formatTemplateFile(template: TemplateFile): string {
  return `# A Diptych template. Its files are never written again; the title may be changed here.\n${stringify(template)}`
}
