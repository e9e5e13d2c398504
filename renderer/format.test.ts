import { describe, expect, it } from 'vitest'
import { AgentState, GuestState } from '../src/contract/guest.ts'
import { GuestName } from '../src/contract/names.ts'
import { makeGuest, updateOf } from '../test/fake/window/views.ts'
import { ageWords, bitRate, displayName, memory, messageWords, nameProblem, outcomeWords, remaining, stateWords, systemWords } from './format.ts'

const view = (changes: object, kind: 'linux' | 'windows-stand-in' = 'linux', title = 'Linux') => updateOf(Object.assign(makeGuest('linux', title, kind, 0), changes)).view

describe('words', () => {
  it.each([
    [0, '0 bit/s'],
    [999, '999 bit/s'],
    [9_040, '9.0 kbit/s'],
    [1_250_000, '1.3 Mbit/s'],
    [25_000_000, '25 Mbit/s'],
    [2.5e9, '2.5 Gbit/s'],
  ])('spells a rate of %d', (rate, words) => expect(bitRate(rate)).toBe(words))

  it('spells memory and time left', () => {
    expect([memory(512), memory(1024), memory(24_064)]).toEqual(['512 MiB', '1.0 GiB', '23.5 GiB'])
    expect([remaining(0.2), remaining(12.4), remaining(200)]).toEqual(['a moment left', 'about 12 s left', 'about 3 min left'])
  })

  it('tells the last request as the issue words it', () => {
    const line = { sequence: 1, at: '', from: 'linux', to: 'windows', fromAddress: '', method: 'GET', host: null, path: '/', status: 200, milliseconds: 12, bytes: 1 }
    expect(outcomeWords(line)).toBe('GET / 200, 12 ms')
    expect(outcomeWords({ ...line, status: null, milliseconds: null })).toBe('GET / no answer yet')
  })

  it('says since when, once it is not just now', () => {
    expect([0, 9_999, 10_000, 59_999, 60_000, 3_599_999, 7_200_000].map(ageWords)).toEqual([null, null, '10 s ago', '50 s ago', '1 min ago', '59 min ago', '2 h ago'])
  })

  it('has words for every state, and "unknown" is none of them', () => {
    for (const state of GuestState.options) {
      for (const agent of AgentState.options) expect(stateWords(view({ state, agent }))).toMatch(/^(?!.*unknown)[a-z, ]{6,}$/i)
    }
    expect(stateWords(view({ agent: 'silent' }))).toBe('running, agent silent')
  })

  it('says which guest a message is about', () => {
    const guest = GuestName.parse('linux')
    const titled = view({}, 'linux', 'Web server')
    expect(messageWords({ guest, text: 'started warm' }, titled)).toBe('Web server: started warm')
    expect(messageWords({ guest, text: 'started warm' }, undefined)).toBe('linux: started warm')
    expect(messageWords({ guest, text: 'linux failed: no space left on device' }, titled)).toBe('linux failed: no space left on device')
    expect(messageWords({ guest: null, text: 'the switch was started again' }, undefined)).toBe('The switch was started again')
  })

  it('says what is wrong with a name in a whole sentence', () => {
    expect(nameProblem('build-server')).toBeNull()
    expect(nameProblem('Bad Name!')).toMatch(/^A guest name is .+\.$/)
  })

  it('says a system’s version once', () => {
    expect(systemWords({ name: 'Debian GNU/Linux 12 (bookworm)', version: '12 (bookworm)' })).toBe('Debian GNU/Linux 12 (bookworm)')
    expect(systemWords({ name: 'Windows Server', version: '2022' })).toBe('Windows Server 2022')
    expect(systemWords({ name: 'FreeBSD', version: null })).toBe('FreeBSD')
    expect(systemWords({ name: 'unknown', version: null })).toBe('System not known yet')
  })

  it('never calls the stand-in Windows alone', () => {
    for (const title of ['', 'Windows', 'Windows stand-in (Wine)', 'Accounting']) {
      expect(displayName(view({}, 'windows-stand-in', title))).toContain('Windows stand-in (Wine)')
    }
  })
})
