import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findCycle, importsOf, root, sourceFiles, sourceFolders } from './sources.ts'
import { placeOf } from './walls.ts'

const isTest = (path: string) => /\.test\.tsx?$/.test(path)
const all = sourceFolders.flatMap((folder) => sourceFiles(folder))
const production = all.filter((path) => placeOf(path) !== null && !isTest(path))
const imports = new Map(all.map((path) => [path, importsOf(path)]))

/** What breaks the walls, one line each, so that a failure reads as a to-do list. */
function trespasses(path: string): string[] {
  const own = placeOf(path)
  if (own === null) return []
  return (imports.get(path) ?? []).flatMap(({ specifier, target }) => {
    if (target === null) {
      if (specifier.startsWith('.')) return /\.(css|svg|json)(\?.*)?$/.test(specifier) ? [] : [`${path} imports ${specifier}, which is no file`]
      return own.packages === null || own.packages.test(specifier) || isTypeOnlyElectron(path, specifier) ? [] : [`${path} (${own.name}) may not import the package ${specifier}`]
    }
    const other = placeOf(target)
    if (other === null) return /\.(css|svg|json)$/.test(target) || target.startsWith('renderer/') ? [] : [`${path} (${own.name}) may not import ${target}`]
    return other.name === own.name || own.ours.includes(other.name) ? [] : [`${path} (${own.name}) may not import ${target} (${other.name})`]
  })
}

/** The shell's other files name Electron's types; a type import leaves nothing at run time. */
function isTypeOnlyElectron(path: string, specifier: string): boolean {
  if (specifier !== 'electron' || !path.startsWith('main/shell/')) return false
  const text = readFileSync(join(root, path), 'utf8')
  return !/^import\s+(?!type\b)[^\n]*from 'electron'/m.test(text) && !/(?<!typeof )import\('electron'\)/.test(text)
}

describe('the import graph', () => {
  it('sees the sources (a walk that finds nothing would pass everything)', () => {
    expect(production.length).toBeGreaterThan(80)
    for (const path of ['src/contract/guest.ts', 'main/host.ts', 'renderer/client.ts']) expect(production).toContain(path)
    expect(importsOf('main/shell/electron.ts').map(({ specifier }) => specifier)).toContain('electron')
  })

  it('keeps to the walls', () => {
    expect(production.flatMap(trespasses)).toEqual([])
  })

  it('has no cycle, type imports included', () => {
    const graph = new Map([...imports].map(([path, list]) => [path, list.flatMap(({ target }) => (target === null ? [] : [target]))]))
    expect(findCycle(graph)).toBeNull()
  })

  it('loads Electron only in the two entries that run inside it', () => {
    const loading = all.filter((path) => imports.get(path)?.some(({ specifier }) => specifier === 'electron') && !isTypeOnlyElectron(path, 'electron') && !path.startsWith('test/fake/'))
    expect(loading).toEqual(['main/shell/electron.ts', 'main/shell/preload.ts'])
  })

  it('writes the extension of every file of ours it imports', () => {
    const loose = all.flatMap((path) => (imports.get(path) ?? []).filter(({ specifier, target }) => target !== null && !/\.\w+(\?.*)?$/.test(specifier)).map(({ specifier }) => `${path}: ${specifier}`))
    expect(loose).toEqual([])
  })

  it('has no barrels and no default exports', () => {
    const barrels = all.filter((path) => /^index\.tsx?$/.test(path.split('/').at(-1) ?? '') || /^export \* from|^export \{[^}]*\} from/m.test(readFileSync(join(root, path), 'utf8')))
    const defaults = all.filter((path) => /^export default\b/m.test(readFileSync(join(root, path), 'utf8')) && !path.endsWith('.config.ts'))
    expect([barrels, defaults]).toEqual([[], []])
  })

  it('keeps every production file under 400 lines', () => {
    expect(production.filter((path) => readFileSync(join(root, path), 'utf8').split('\n').length > 400)).toEqual([])
  })
})

describe('the walk itself', () => {
  const specifiers = (text: string) => importsOf('src/guest/owner.ts', root, text).map(({ specifier }) => specifier)

  it('reads every form of import', () => {
    const text = "import a from 'a'\nimport type { B } from 'b'\nimport 'c'\nexport { d } from 'd'\nexport * from 'e'\nconst f = await import('f')\nimport {\n  g,\n  type G,\n} from 'g'\nlet x: typeof import('h')\nimport i, * as j from \"i\""
    expect(specifiers(text).sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'])
  })

  it('reads none from comments', () => {
    expect(specifiers("// import a from 'a'\n/*\nimport b from 'b'\n*/\nconst url = 'http://x' // import('c')")).toEqual([])
  })

  it('resolves an import without extension, which a lint rule was seen to miss', () => {
    expect(importsOf('src/guest/owner.ts', root, "import { contract } from '../contract/contract'")[0]?.target).toBe('src/contract/contract.ts')
  })

  it('finds a cycle and names the files along it', () => {
    expect(findCycle(new Map([['a', ['b']], ['b', ['c']], ['c', ['b']]]))).toEqual(['b', 'c', 'b'])
    expect(findCycle(new Map([['a', ['b', 'c']], ['b', ['c']], ['c', []]]))).toBeNull()
  })
})
