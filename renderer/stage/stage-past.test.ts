import { describe, expect, it } from 'vitest'
import { FakeSnapshots } from '../../test/fake/window/snapshots.ts'
import { makeGuest, updateOf } from '../../test/fake/window/views.ts'
import { bytesOf, listed, lossOf, partsOf, partWords, stageSnapshotsCalled, titlesNeeding } from './stage-past.ts'

const linux = makeGuest('linux', 'Linux', 'linux', 0)
const windows = makeGuest('windows', 'Windows 11', 'windows', 1)
const guests = { linux: updateOf(linux), windows: updateOf(windows) }

function taken() {
  const snapshots = new FakeSnapshots()
  const stage = snapshots.takeStage([{ name: linux.name, kind: 'live' }, { name: windows.name, kind: 'disk' }], 'before lunch')
  return { snapshots, parts: () => partsOf(stage, { linux: snapshots.tree(linux.name), windows: snapshots.tree(windows.name) }, guests) }
}

describe('partsOf and bytesOf', () => {
  it('name each part and sum what they take', () => {
    const { parts } = taken()
    expect(parts().map(({ title, kind }) => `${title} ${kind}`)).toEqual(['Linux live', 'Windows 11 disk'])
    expect(bytesOf(parts())).toBe(178_257_920 + 4_194_304 + 4_194_304)
  })

  it('do not guess at a part that is gone', () => {
    const { snapshots, parts } = taken()
    snapshots.delete(linux.name, parts()[0]?.snapshot?.id ?? expect.fail('the part is there at first'))
    expect(parts()[0]?.snapshot).toBeUndefined()
    expect(bytesOf(parts())).toBeNull()
  })
})

describe('lossOf', () => {
  const stage = [{ name: 'linux', title: 'Linux' }, { name: 'windows', title: 'Windows 11' }]

  it('says what becomes of each guest and what is lost', () => {
    expect(lossOf(taken().parts(), '21 November', stage, false)).toEqual([
      'Linux and Windows 11 become what they were on 21 November, with their links and the connections between them.',
      'Of Windows 11 only the disk was kept: if on now, it boots from it.',
      'What they are now is lost: open programs, and all that was written to the disks since then.',
    ])
  })

  it('names a guest of the stage that stays, and what is kept', () => {
    const sentences = lossOf(taken().parts(), 'Monday', [...stage, { name: 'router', title: 'Router' }], true)
    expect(sentences.slice(2)).toEqual(['Router stays as it is: not in this snapshot.', 'What they are now is kept as another snapshot first.'])
  })
})

describe('titlesNeeding', () => {
  it('counts those that would be whole but for it, wherever its part is now', () => {
    const { snapshots } = taken()
    const of = (guest: string) => titlesNeeding(snapshots.stage, (part) => part.guest === guest)
    expect(of('linux')).toEqual(['before lunch'])
    expect(of('router')).toEqual([])
    snapshots.thrownAway(linux.name, 'trashed')
    expect(titlesNeeding(snapshots.stage, (part) => part.trash === 'trashed')).toEqual(['before lunch'])
    snapshots.left('trashed', 'gone')
    expect(of('windows'), 'it cannot be gone back to any more').toEqual([])
    expect(snapshots.stage[0]?.parts.map(partWords)).toEqual(['deleted', 'disk only'])
  })
})

it('names stage snapshots, of many the first', () => {
  expect([['a'], ['a', 'b'], ['a', 'b', 'c', 'd'], ['a', 'b', 'c', 'd', 'e']].map(stageSnapshotsCalled)).toEqual([
    'the stage snapshot “a”',
    'the stage snapshots “a” and “b”',
    'the stage snapshots “a”, “b”, “c” and “d”',
    'the stage snapshots “a”, “b”, “c” and 2 others',
  ])
})

it('lists names as a person would', () => {
  expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(listed)).toEqual(['', 'a', 'a and b', 'a, b and c'])
})
