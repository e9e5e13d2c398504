import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { companionOf, looseOf, PartialFiles } from './partial-file.ts'

let folder: string
let notes: string
let target: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'diptych-partial-'))
  notes = join(folder, 'notes')
  target = join(folder, 'out "ä".ova')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a file that is written beside its place', () => {
  it('appears whole, and alone', async () => {
    await new PartialFiles(notes).fill(target, false, async (partial) => {
      expect(existsSync(target)).toBe(false)
      for (const path of [partial, companionOf(partial), looseOf(companionOf(partial))]) writeFileSync(path, 'content')
    })
    expect(readFileSync(target, 'utf8')).toBe('content')
    expect([readdirSync(folder).sort(), readdirSync(notes)]).toEqual([['notes', 'out "ä".ova'], []])
  })

  it('leaves nothing when its writing fails, and what stood there when it may not be replaced', async () => {
    const failing = new PartialFiles(notes).fill(target, false, async (partial) => {
      writeFileSync(partial, 'half')
      throw new Error('cancelled')
    })
    await expect(failing).rejects.toThrow('cancelled')
    expect(readdirSync(folder)).toEqual(['notes'])
    const late = new PartialFiles(notes).fill(target, false, async (partial) => {
      writeFileSync(partial, 'new')
      writeFileSync(target, 'somebody was faster')
    })
    await expect(late).rejects.toMatchObject({ code: 'already-exists' })
    expect(readFileSync(target, 'utf8')).toBe('somebody was faster')
    await new PartialFiles(notes).fill(target, true, async (partial) => writeFileSync(partial, 'new'))
    expect(readFileSync(target, 'utf8')).toBe('new')
  })

  it('of a killed host is removed by the next, and nothing else is, whatever a note says', async () => {
    let unfinished = ''
    void new PartialFiles(notes).fill(target, false, (partial) => {
      unfinished = partial
      for (const path of [partial, looseOf(partial), companionOf(partial)]) writeFileSync(path, 'half')
      return new Promise(() => undefined) // the host is gone
    })
    await expect.poll(() => unfinished).not.toBe('')
    writeFileSync(join(notes, 'a.json'), '{"partial":"/etc/passwd"}')
    writeFileSync(join(notes, 'b.json'), 'torn {')
    mkdirSync(join(folder, 'kept'))
    await new PartialFiles(notes).sweep()
    expect(readdirSync(folder).sort()).toEqual(['kept', 'notes'])
    expect(readdirSync(notes)).toEqual([])
  })

  it('may have any name that its folder takes', async () => {
    const long = join(folder, `${'文'.repeat(83)}.ova`)
    await new PartialFiles(notes).fill(long, false, async (partial) => {
      for (const path of [partial, looseOf(companionOf(partial))]) writeFileSync(path, 'content')
    })
    expect(readFileSync(long, 'utf8')).toBe('content')
  })

  it('is never one of ours, whatever way leads there', async () => {
    const own = join(folder, 'data')
    mkdirSync(join(own, 'guests'), { recursive: true })
    writeFileSync(join(own, 'guests', 'disk.qcow2'), 'a guest')
    symlinkSync(join(own, 'guests'), join(folder, 'link'))
    symlinkSync(own, join(folder, 'also-data'))
    const files = new PartialFiles(notes, [join(folder, 'also-data')])
    for (const way of ['data/guests', 'link', 'also-data/guests', 'link/../guests']) {
      await expect(files.fill(`${folder}/${way}/disk.qcow2`, true, async (partial) => writeFileSync(partial, 'an export')), way).rejects.toMatchObject({ code: 'out-of-range' })
    }
    expect(readFileSync(join(own, 'guests', 'disk.qcow2'), 'utf8')).toBe('a guest')
    expect(readdirSync(join(own, 'guests'))).toEqual(['disk.qcow2'])
    await files.fill(join(folder, 'data.qcow2'), false, async (partial) => writeFileSync(partial, 'an export'))
    expect(existsSync(join(folder, 'data.qcow2'))).toBe(true)
  })
})
