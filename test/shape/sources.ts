import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../..')

/** Where TypeScript of ours lives. */
export const sourceFolders = ['src', 'main', 'renderer', 'test', 'build/bootstrap'] as const

/** Every TypeScript file below `folder`, as paths from the repository's root; declarations aside. */
export function sourceFiles(folder: string, base = root): string[] {
  const found: string[] = []
  const start = join(base, folder)
  if (!existsSync(start)) return found
  for (const entry of readdirSync(start, { withFileTypes: true, recursive: true })) {
    const path = relative(base, join(entry.parentPath, entry.name))
    if (entry.isFile() && /\.(ts|tsx)$/.test(path) && !path.endsWith('.d.ts')) found.push(path)
  }
  return found.sort()
}

export interface Import {
  readonly specifier: string
  /** The file of ours it names, from the root; null for a package or a built-in. */
  readonly target: string | null
}

/**
 * What a file imports: static, type-only, side-effect, re-exporting and dynamic imports, with or without extension.
 * Comments and strings are taken out first, so that an example in a comment is no import.
 */
export function importsOf(path: string, base = root, text = readFileSync(join(base, path), 'utf8')): Import[] {
  const found = new Set<string>()
  const statement = /(?:^|[;\n}])\s*(?:import|export)\s+(?:type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?(['"])([^'"\n]+)\1/g
  const dynamic = /\bimport\(\s*(['"])([^'"\n]+)\1\s*\)/g
  const code = withoutComments(text)
  for (const pattern of [statement, dynamic]) for (const match of code.matchAll(pattern)) if (match[2] !== undefined) found.add(match[2])
  return [...found].map((specifier) => ({ specifier, target: specifier.startsWith('.') ? resolveFile(join(dirname(path), specifier), base) : null }))
}

/** The file a relative import means: as written, with an extension added, or a folder's index. */
function resolveFile(path: string, base: string): string | null {
  const candidates = [path, `${path}.ts`, `${path}.tsx`, path.replace(/\.js$/, '.ts'), path.replace(/\.js$/, '.tsx'), join(path, 'index.ts'), join(path, 'index.tsx')]
  return candidates.find((candidate) => /\.\w+$/.test(candidate) && existsSync(join(base, candidate))) ?? null
}

function withoutComments(text: string): string {
  return text.replace(/("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (match, literal: string | undefined) => literal ?? match.replace(/[^\n]/g, ' '))
}

/** The first cycle in a graph, as the files along it, or null. */
export function findCycle(graph: ReadonlyMap<string, readonly string[]>): readonly string[] | null {
  const done = new Set<string>()
  const trail: string[] = []
  const visit = (node: string): readonly string[] | null => {
    if (done.has(node)) return null
    const at = trail.indexOf(node)
    if (at >= 0) return [...trail.slice(at), node]
    trail.push(node)
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next)
      if (cycle !== null) return cycle
    }
    trail.pop()
    done.add(node)
    return null
  }
  for (const node of graph.keys()) {
    const cycle = visit(node)
    if (cycle !== null) return cycle
  }
  return null
}
