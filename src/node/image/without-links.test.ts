import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type * as files from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { PartialFiles } from './partial-file.ts'

/** As on FAT, and on some network file systems. */
vi.mock('node:fs/promises', async (original) => ({
  ...(await original<typeof files>()),
  link: () => Promise.reject(Object.assign(new Error('operation not permitted, link'), { code: 'EPERM' })),
}))

let folder: string
let target: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'diptych-without-links-'))
  target = join(folder, 'out.ova')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const fill = (write: (partial: string) => void) => new PartialFiles(join(folder, 'notes')).fill(target, false, async (partial) => write(partial))

it('gives a file its name where nothing has it', async () => {
  await fill((partial) => writeFileSync(partial, 'new'))
  expect([readFileSync(target, 'utf8'), readdirSync(folder).sort()]).toEqual(['new', ['notes', 'out.ova']])
})

it('leaves what came to stand there while the file was being written', async () => {
  const late = fill((partial) => {
    writeFileSync(partial, 'new')
    writeFileSync(target, 'somebody was faster')
  })
  await expect(late).rejects.toMatchObject({ code: 'already-exists' })
  expect([readFileSync(target, 'utf8'), readdirSync(folder).sort()]).toEqual(['somebody was faster', ['notes', 'out.ova']])
})
