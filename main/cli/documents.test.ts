import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { directories } from '../../src/node/paths.ts'
import { createProgram } from './program.ts'
import { createTerminal } from './terminal.ts'

const root = join(import.meta.dirname, '../..')
const unused = () => {
  throw new Error('nothing is carried out here')
}
const nowhere = createTerminal({ write: () => true }, { write: () => true }, {})
const program = createProgram({ terminal: nowhere, directories: directories({ DIPTYCH_HOME: '/nowhere' }), env: {}, interrupted: new AbortController().signal, attach: unused }, { openHost: unused, openWindow: unused })

const files = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md')).map((name) => join('docs', name))]
const lines = files.flatMap((file) => commandLines(readFileSync(join(root, file), 'utf8')).map((line) => [file, line] as const))

/** What follows `diptych` in code: lines of a block, without what they say behind `#`, and what stands between backticks. */
function commandLines(text: string): string[] {
  const isBlock = (index: number) => index % 2 === 1
  return text.split(/^```.*$/m).flatMap((part, index) => {
    const code = isBlock(index) ? part.split('\n') : [...part.split('\n').filter((line) => line.startsWith('    ')), ...[...part.replaceAll(/\n(?!\n)/g, ' ').matchAll(/`([^`]+)`/g)].map(([, inline = '']) => inline)]
    return code.flatMap((line) => /^\s*diptych ([a-z].*)$/.exec(line.replace(/\s+#.*$/, ''))?.slice(1) ?? [])
  })
}

const child = (command: Command, name: string | undefined) => command.commands.find((each) => each.name() === name || each.aliases().includes(name ?? ''))

describe('the documents', () => {
  it.each(lines)('%s: diptych %s', (_file, line) => {
    const words = line.split(/ \| | && /)[0]?.split(' ') ?? []
    const verbs = (words[0] ?? '').split(',') // "network create, connect, …": several subcommands at once
    const verb = child(program, verbs[0])
    expect(verb, `there is a command ${words[0]}`).toBeDefined()
    if (verb === undefined) return
    const isGroup = verb.commands.length > 0
    const command = isGroup && words[1] !== undefined && words[1] !== '…' ? child(verb, words[1].replace(/,$/, '')) : verb
    expect(command, `there is a command ${words[0]} ${words[1] ?? ''}`).toBeDefined()
    if (words[1]?.endsWith(',') === true) return // which of them takes an option is not told
    const until = words.indexOf('--')
    const options = words.slice(0, until === -1 ? undefined : until).filter((word) => /^--?[a-z]/.test(word)).map((word) => word.replace(/[,.]$/, ''))
    const known = ['--help', ...(command?.options ?? []).flatMap(({ long, short }) => [long, short])]
    expect(options.filter((option) => !known.includes(option)), `options that ${verb.name()} does not take`).toEqual([])
  })

  it('list every command, in the order of --help', () => {
    const all = program.commands.filter((command) => !command.name().startsWith('__')).flatMap((command) => (command.commands.length === 0 ? [command.name()] : command.commands.map((each) => `${command.name()} ${each.name()}`)))
    const listed = [...readFileSync(join(root, 'docs/cli.md'), 'utf8').matchAll(/^\| `([a-z ]+?)(?: [A-Z[@].*?)?` \|/gm)].map(([, name]) => name)
    expect(listed).toEqual(all)
  })
})
