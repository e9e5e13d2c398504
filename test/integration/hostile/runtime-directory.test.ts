import { chmodSync, lchownSync, lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { directories, ensurePrivateDirectory } from '../../../src/node/paths.ts'

describe('a runtime directory that was there before, in a folder that everybody may write to', () => {
  let shared = ''
  beforeEach(() => {
    shared = mkdtempSync(join(tmpdir(), 'diptych-shared-'))
    chmodSync(shared, 0o1777)
  })
  afterEach(() => rmSync(shared, { recursive: true }))

  it('can no longer be written to by others: sockets and the secret of a launch lie in it', () => {
    const path = join(shared, 'diptych-1000')
    mkdirSync(path)
    chmodSync(path, 0o777)
    ensurePrivateDirectory(path)
    expect(statSync(path).mode & 0o777).toBe(0o755)
  })

  it("is refused when it is somebody else's link, even to a folder of ours", ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root can make a link that belongs to somebody else')
    const path = join(shared, 'diptych-1000')
    const target = join(shared, 'target')
    mkdirSync(target, { mode: 0o700 })
    symlinkSync(target, path)
    lchownSync(path, 65_534, 65_534)
    expect(lstatSync(path).uid).toBe(65_534)
    expect(() => ensurePrivateDirectory(path)).toThrow(/is a link of user 65534/)
  })

  it('may be a link of our own, for instance to a larger disk', () => {
    const target = join(shared, 'target')
    mkdirSync(target, { mode: 0o700 })
    symlinkSync(target, join(shared, 'link'))
    expect(ensurePrivateDirectory(join(shared, 'link'))).toBe(join(shared, 'link'))
  })

  it('is named after the user where there is no XDG_RUNTIME_DIR', () => {
    expect(directories({}).runtime).toBe(join(tmpdir(), `diptych-${process.getuid?.()}`))
  })
})
