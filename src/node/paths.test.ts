import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { directories, ensurePrivateDirectory } from './paths.ts'

describe('directories', () => {
  it('follows XDG, and DIPTYCH_HOME before it', () => {
    expect(directories({ XDG_DATA_HOME: '/d', XDG_CACHE_HOME: '/c', XDG_STATE_HOME: '/s', XDG_RUNTIME_DIR: '/r' })).toEqual({ data: '/d/diptych', cache: '/c/diptych', state: '/s/diptych', runtime: '/r/diptych' })
    expect(directories({ DIPTYCH_HOME: '/h', XDG_DATA_HOME: '/d', DIPTYCH_CACHE: '/shared' })).toEqual({ data: '/h/data', cache: '/shared', state: '/h/state', runtime: '/h/run' })
  })
})

describe('ensurePrivateDirectory', () => {
  it('makes parents, all for the owner alone, and takes what is there', () => {
    const home = mkdtempSync(join(tmpdir(), 'diptych-paths-'))
    try {
      const path = join(home, 'a', 'b')
      expect(ensurePrivateDirectory(path)).toBe(path)
      expect([statSync(path).mode & 0o777, statSync(join(home, 'a')).mode & 0o777]).toEqual([0o700, 0o700])
      expect(ensurePrivateDirectory(path)).toBe(path)
      writeFileSync(join(home, 'file'), '')
      expect(() => ensurePrivateDirectory(join(home, 'file', 'b'))).toThrow(/ENOTDIR/)
      expect(() => ensurePrivateDirectory(join(home, 'file'))).toThrow(/is not a folder/)
    } finally {
      rmSync(home, { recursive: true })
    }
  })

  it('ends where nothing can be made, instead of trying for ever', () => {
    expect(() => ensurePrivateDirectory('/proc/nothing/here')).toThrow(/ENOENT/)
  })
})
