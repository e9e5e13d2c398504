import { describe, expect, it } from 'vitest'
import { chordChoices, chordLabel, ChordWatch, defaultChord } from './release-chord.ts'

type Step = readonly ['down' | 'up', string]

function play(watch: ChordWatch, steps: readonly Step[]): boolean {
  return steps.map(([type, code]) => watch.feed(type, code)).at(-1) ?? false
}

const down = (code: string): Step => ['down', code]
const up = (code: string): Step => ['up', code]

describe('ChordWatch', () => {
  it('releases when both keys went down and both came up, in any order', () => {
    for (const order of [[0, 1], [1, 0]] as const) {
      const watch = new ChordWatch(defaultChord)
      const keys = defaultChord
      expect(play(watch, [down(keys[order[0]] ?? ''), down(keys[order[1]] ?? ''), up('ControlLeft')])).toBe(false)
      expect(play(watch, [up('AltLeft')])).toBe(true)
    }
  })

  it('leaves Ctrl+Alt+Delete to the guest', () => {
    const watch = new ChordWatch(defaultChord)
    expect(play(watch, [down('ControlLeft'), down('AltLeft'), down('Delete'), up('Delete'), up('AltLeft'), up('ControlLeft')])).toBe(false)
  })

  it('leaves Ctrl alone to the guest', () => {
    const watch = new ChordWatch(defaultChord)
    expect(play(watch, [down('ControlLeft'), up('ControlLeft')])).toBe(false)
    expect(play(watch, [down('AltLeft'), up('AltLeft')])).toBe(false)
  })

  it('takes key repeat for one press', () => {
    const watch = new ChordWatch(defaultChord)
    expect(play(watch, [down('ControlLeft'), down('ControlLeft'), down('AltLeft'), down('AltLeft'), up('AltLeft'), up('ControlLeft')])).toBe(true)
  })

  it('does not count a chord begun while another key was typed', () => {
    const watch = new ChordWatch(defaultChord)
    expect(play(watch, [down('ControlLeft'), down('KeyC'), up('KeyC'), down('AltLeft'), up('AltLeft'), up('ControlLeft')])).toBe(false)
    expect(play(watch, [down('ControlLeft'), down('AltLeft'), up('ControlLeft'), up('AltLeft')])).toBe(true)
  })

  it('works for a single key', () => {
    const watch = new ChordWatch(['ControlRight'])
    expect(play(watch, [down('ControlRight'), up('ControlRight')])).toBe(true)
  })

  it('forgets keys whose release went elsewhere', () => {
    const watch = new ChordWatch(defaultChord)
    play(watch, [down('ControlLeft')])
    watch.reset()
    expect(play(watch, [down('AltLeft'), up('AltLeft')])).toBe(false)
  })
})

it('has words for every chord on offer', () => {
  for (const choice of chordChoices) expect(chordLabel(choice.chord)).toBe(choice.label)
})
