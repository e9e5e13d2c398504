import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, it } from 'vitest'
import { root } from './sources.ts'

/** Every Markdown file of the repository's own. */
function documents(): string[] {
  const top = readdirSync(root).filter((name) => name.endsWith('.md'))
  const inDocs = existsSync(join(root, 'docs')) ? readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md')).map((name) => join('docs', name)) : []
  return [...top, ...inDocs]
}

/** Targets of links and pictures, in Markdown and in HTML; code aside. */
function targetsIn(text: string): string[] {
  const prose = text.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)[^)]*\)|(?:src|href|srcset)="([^"]+)"/g)].map((match) => match[1] ?? match[2] ?? '')
}

/** The anchors a renderer gives a document's headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+\s+(.*)$/gm)].map((match) => (match[1] ?? '').toLowerCase().replace(/[^\p{L}\p{N}\s-]/gu, '').trim().replace(/\s/g, '-'))
}

it('documents link only to what is there', () => {
  const dead = documents().flatMap((document) => {
    const text = readFileSync(join(root, document), 'utf8')
    return targetsIn(text).flatMap((target) => {
      if (/^[a-z]+:/.test(target)) return []
      const [path = '', anchor] = target.split('#')
      const file = path === '' ? join(root, document) : join(root, dirname(document), decodeURIComponent(path))
      if (!existsSync(file)) return [`${document}: ${target}`]
      if (anchor !== undefined && file.endsWith('.md') && !anchorsOf(readFileSync(file, 'utf8')).includes(anchor)) return [`${document}: no heading #${anchor} in ${relative(root, file)}`]
      return []
    })
  })
  expect(dead).toEqual([])
})

it('finds links, pictures and headings, and not what stands in code', () => {
  expect(targetsIn('[a](b.md) ![c](d.png "t") <img src="e.png"> `[x](y)`\n```\n[x](z)\n```')).toEqual(['b.md', 'd.png', 'e.png'])
  expect(anchorsOf('# The CLI: exit codes\n')).toEqual(['the-cli-exit-codes'])
})
