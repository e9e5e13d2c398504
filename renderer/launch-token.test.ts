import { afterEach, describe, expect, it } from 'vitest'
import { takeToken } from './launch-token.ts'

describe('takeToken', () => {
  afterEach(() => {
    sessionStorage.clear()
    history.replaceState(null, '', '/')
  })

  it('takes the token out of the address and has it again after a reload', () => {
    history.replaceState(null, '', '/#token=abc')
    expect(takeToken(window)).toBe('abc')
    expect(location.href).not.toContain('abc')
    expect(location.hash).toBe('')
    expect(takeToken(window)).toBe('abc')
  })

  it('leaves the rest of the fragment', () => {
    history.replaceState(null, '', '/#token=abc&screen=linux')
    takeToken(window)
    expect(location.hash).toBe('#screen=linux')
  })

  it('believes a new address more than the last launch, and knows nothing without either', () => {
    expect(takeToken(window)).toBeNull()
    history.replaceState(null, '', '/#token=old')
    takeToken(window)
    history.replaceState(null, '', '/#token=new')
    expect(takeToken(window)).toBe('new')
    expect(takeToken(window)).toBe('new')
  })
})
