import { parseDocument, stringify } from 'yaml'
import { z } from 'zod'
import { NetworkName, stageNetwork } from '../contract/names.ts'
import { parseSubnet } from './address.ts'

/** A private network besides the stage's. Guests' files say who is on it. */
const NetworkDefinition = z.object({ name: NetworkName.refine((name) => name !== stageNetwork, 'the network stage is always there'), subnet: z.string().refine(isSubnet, 'not a private subnet like 10.80.0.0/24') }).strict()
export type NetworkDefinition = z.infer<typeof NetworkDefinition>

/** `networks.yaml`, version 1. */
const NetworksFile = z
  .object({ version: z.literal(1, 'this version of Diptych reads version 1 of networks.yaml'), networks: z.array(NetworkDefinition).max(64) })
  .strict()
  .refine(({ networks }) => new Set(networks.map((network) => network.name)).size === networks.length, 'two networks have the same name')

/** Reads networks.yaml. Throws an Error that names the file and every fault in it; such a file is never overwritten. */
export function parseNetworksFile(text: string, path: string): NetworkDefinition[] {
  const document = parseDocument(text)
  const [broken] = document.errors
  if (broken !== undefined) throw new Error(`${path} cannot be used: ${broken.message.split('\n')[0] ?? ''}`)
  const parsed = NetworksFile.safeParse(document.toJS({ maxAliasCount: 0 }))
  if (parsed.success) return parsed.data.networks
  throw new Error(`${path} cannot be used: ${parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`).join('; ')}`)
}

export function formatNetworksFile(networks: readonly NetworkDefinition[]): string {
  return `# The private networks besides the stage's. Change them with: diptych network create NAME, delete NAME.\n${stringify({ version: 1, networks })}`
}

/** The first /24 from 10.78.0.0 on that overlaps none of these; null when all 50 are taken. */
export function freeSubnet(taken: readonly string[]): string | null {
  const ranges = taken.map((text) => parseSubnet(text))
  for (let second = 78; second < 128; second++) {
    const candidate = parseSubnet(`10.${second}.0.0/24`)
    if (ranges.every((range) => candidate.broadcast < range.network || range.broadcast < candidate.network)) return candidate.text
  }
  return null
}

function isSubnet(text: string): boolean {
  try {
    parseSubnet(text)
    return true
  } catch {
    return false
  }
}
