import { describe, expect, it } from 'vitest'
import { createTerminal, table } from './terminal.ts'

function collect(isTTY: boolean, columns?: number) {
  const written: string[] = []
  return { written, isTTY, ...(columns === undefined ? {} : { columns }), write: (text: string) => written.push(text) }
}

describe('terminal', () => {
  it('keeps words off stdout and data off stderr', () => {
    const [out, err] = [collect(false), collect(false)]
    const terminal = createTerminal(out, err, {})
    terminal.print('data')
    terminal.say('words')
    terminal.live('progress')
    expect([out.written, err.written]).toEqual([['data\n'], ['words\n']])
  })

  it('colours on a terminal only, and not under NO_COLOR or TERM=dumb', () => {
    const styled = (tty: boolean, env: NodeJS.ProcessEnv) => createTerminal(collect(tty), collect(tty), env).style('good', 'x')
    expect(styled(true, {})).toBe('\x1b[32mx\x1b[39m')
    for (const plain of [styled(false, {}), styled(true, { NO_COLOR: '1' }), styled(true, { TERM: 'dumb' })]) expect(plain).toBe('x')
  })

  it('cuts a live line to the width and wipes it before the next line', () => {
    const err = collect(true, 10)
    const terminal = createTerminal(collect(true), err, {})
    terminal.live('a long line of progress')
    terminal.say('done')
    expect(err.written).toEqual(['\r\x1b[Ka long l…', '\r\x1b[K', 'done\n'])
  })

  it('pads columns but not the last', () => {
    expect(table(['NAME', 'STATE'], [['linux', 'running'], ['w', 'off']])).toBe('NAME   STATE\nlinux  running\nw      off')
  })
})
