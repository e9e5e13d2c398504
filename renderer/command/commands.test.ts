import { describe, expect, it } from 'vitest'
import { GuestState } from '../../src/contract/guest.ts'
import { makeGuest, updateOf } from '../../test/fake/window/views.ts'
import { createWindowStore, Session } from '../store/session.ts'
import { guestCommands, windowCommands } from './commands.ts'
import { searchCommands } from './search.ts'

const session = new Session(() => Promise.reject(new Error('not connected in this test')), createWindowStore(localStorage))
const commandsIn = (state: GuestState) => guestCommands(session, updateOf(Object.assign(makeGuest('linux', 'Linux', 'linux', 0), { state })).view, 0)

describe('guestCommands', () => {
  it('gives every command that cannot be done a reason, in every state', () => {
    for (const state of GuestState.options) {
      for (const command of commandsIn(state)) if (command.disabledReason !== null) expect(command.disabledReason, `${command.id} in ${state}`).toMatch(/^[A-Z].{10,}\.$/)
    }
  })

  it('follows the host’s own table', () => {
    const allowed = (state: GuestState) => commandsIn(state).filter((command) => command.disabledReason === null).map((command) => command.id)
    expect(allowed('running')).toContain('pause:linux')
    expect(allowed('running')).not.toContain('start:linux')
    expect(allowed('stopped')).toContain('start:linux')
    expect(allowed('stopped')).not.toContain('press-Ctrl+Alt+Del:linux')
    expect(allowed('paused')).toContain('resume:linux')
  })

  it('has no two commands of one name', () => {
    const ids = [...commandsIn('running'), ...windowCommands(session, session.store.getState())].map((command) => command.id)
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('searchCommands', () => {
  const all = commandsIn('running')
  const titles = (text: string) => searchCommands(all, text).map((command) => command.title)

  it('finds by words of title and guest in any order', () => {
    expect(titles('linux pause')).toEqual(['Pause'])
    expect(titles('del ctrl')).toEqual(['Press Ctrl+Alt+Del'])
    expect(titles('nothing like it')).toEqual([])
  })

  it('puts titles that begin with the text first', () => {
    expect(titles('st')[0]).toBe('Start')
  })

  it('lists everything for no text', () => {
    expect(searchCommands(all, '  ')).toBe(all)
  })
})
