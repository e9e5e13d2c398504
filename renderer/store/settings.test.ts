import { expect, it } from 'vitest'
import { loadSettings, saveSettings } from './settings.ts'

function storage(text: string | null) {
  let held = text
  return {
    getItem: () => held,
    setItem: (_: string, value: string) => {
      held = value
    },
  }
}

it('starts from defaults when nothing, or nothing readable, is stored', () => {
  for (const text of [null, 'not json', '[]', '{"theme":7}']) {
    expect(loadSettings(storage(text))).toMatchObject({ theme: 'system', layout: null, releaseChord: ['ControlLeft', 'AltLeft'] })
  }
})

it('keeps the fields that can be read when one cannot', () => {
  expect(loadSettings(storage('{"theme":"dark","layout":"hexagonal"}'))).toMatchObject({ theme: 'dark', layout: null })
})

it('remembers', () => {
  const held = storage(null)
  const settings = { ...loadSettings(held), theme: 'light' as const, layout: 'stacked' as const }
  saveSettings(held, settings)
  expect(loadSettings(held)).toEqual(settings)
})

it('works without storage', () => {
  const forbidden = () => {
    throw new Error('denied')
  }
  expect(loadSettings({ getItem: forbidden }).theme).toBe('system')
  expect(() => saveSettings({ setItem: forbidden }, loadSettings({ getItem: forbidden }))).not.toThrow()
})
