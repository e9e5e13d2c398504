import { describe, expect, it } from 'vitest'
import { createTerminal } from '../../../main/cli/terminal.ts'

function output(isTTY: boolean) {
  const written: string[] = []
  return { written, isTTY, write: (text: string) => written.push(text) }
}

function shown(text: string): string {
  const [out, err] = [output(true), output(true)]
  const terminal = createTerminal(out, err, {})
  terminal.print(text)
  terminal.say(text)
  expect(err.written).toEqual(out.written)
  return out.written.join('')
}

describe('a guest that writes escape sequences, in a terminal', () => {
  it.each([
    ['fills no clipboard (OSC 52)', 'a\x1b]52;c;cm0gLXJmIH4=\x07b', 'ab\n'],
    ['sets no title', 'a\x1b]0;root@host\x1b\\b', 'ab\n'],
    ['clears no screen and moves no cursor', '\x1b[2J\x1b[H\x1b[1A\x1b[Kx\x1bc', 'x\n'],
    ['does not do so with C1 characters', 'a\u009b2J\u009d0;t\u009cb', 'a2J0;tb\n'],
    ['does not overwrite its line', 'harmful\rharmless\b\b', 'harmfulharmless\n'],
    ['does not make a sequence of what is left of others', '\x1b\x00[2J\x1b\x1b[2Jx\x1b[3\x001m', '[2Jx[31m\n'],
    ['keeps lines, tabs, colours and other scripts', '\x1b[31mrot\x1b[39m\r\n\tjö 日本', '\x1b[31mrot\x1b[39m\n\tjö 日本\n'],
  ])('%s', (_what, sent, expected) => {
    expect(shown(sent)).toBe(expected)
  })

  it('leaves what goes into a file as it is', () => {
    const out = output(false)
    createTerminal(out, output(false), {}).print('\x1b[2J')
    expect(out.written).toEqual(['\x1b[2J\n'])
  })
})
