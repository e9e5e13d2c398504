import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readPlace } from './cp.ts'

describe('a place to copy from or to', () => {
  it('is in a guest when a name and a colon come first', () => {
    expect(readPlace('linux:/var/log/x')).toEqual({ guest: 'linux', path: '/var/log/x' })
    expect(readPlace('win:C:\\Users\\me\\a:b')).toEqual({ guest: 'win', path: 'C:\\Users\\me\\a:b' })
  })

  it('is a full path here otherwise; a slash at its end says folder', () => {
    expect(readPlace('notes.txt')).toEqual({ guest: null, path: resolve('notes.txt') })
    expect(readPlace('./a:b')).toEqual({ guest: null, path: resolve('a:b') })
    expect(readPlace('/tmp/new/')).toEqual({ guest: null, path: '/tmp/new/' })
  })

  it.each(['linux:', 'Not A Name:/x', 'UPPER:/x'])('refuses %s', (text) => {
    expect(() => readPlace(text)).toThrow(expect.objectContaining({ exitCode: 2 }))
  })
})
