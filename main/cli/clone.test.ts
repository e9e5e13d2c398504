import { expect, test } from 'vitest'
import { GuestName } from '../../src/contract/names.ts'
import { sourceFor } from './clone.ts'

const named = (name: string) => GuestName.parse(name)
const web = named('web')

test('a template comes before a guest of the same name', () => {
  expect(sourceFor(web, [{ name: web, automatic: false }], [web])).toEqual({ template: web })
})

test('a guest comes before the template that an earlier clone of it left', () => {
  expect(sourceFor(web, [{ name: web, automatic: true }], [web])).toEqual({ guest: web })
  expect(sourceFor(web, [{ name: web, automatic: true }], [named('shop')])).toEqual({ template: web })
})

test('what is neither is asked for as a guest', () => {
  expect(sourceFor(web, [], [])).toEqual({ guest: web })
})
