import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Discs } from './discs.ts'

let folder: string
let discs: Discs

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'diptych-discs-'))
  mkdirSync(join(folder, 'uploads'))
  discs = new Discs(join(folder, 'discs'))
  await discs.sweep()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let sent = 0
function upload(name: string, content: string) {
  const path = join(folder, 'uploads', String(sent++))
  writeFileSync(path, content)
  return { path, name, sha256: createHash('sha256').update(content).digest('hex') }
}
const uploads = () => readdirSync(join(folder, 'uploads'))

it('keeps a disc under the name it came with, and the same content once', async () => {
  const kept = await discs.keep(upload('Debian 12.iso', 'one'))
  expect([basename(kept.path), readFileSync(kept.path, 'utf8'), kept.bytes]).toEqual(['Debian 12.iso', 'one', 3])
  expect((await discs.keep(upload('another name.iso', 'one'))).path).toBe(kept.path)
  const other = await discs.keep(upload('Debian 12.iso', 'two'))
  expect(other.path).not.toBe(kept.path)
  expect((await discs.list()).map(({ id }) => id).sort()).toEqual([kept.id, other.id].sort())
  expect(uploads()).toEqual([])
})

it('takes a name as a name, whatever is in it', async () => {
  for (const [name, as] of [['..', 'disc.iso'], ['.hidden.iso', 'hidden.iso'], ['a,b=c\n.iso', 'a_b_c_.iso'], [`${'ü'.repeat(300)}.iso`, `${'ü'.repeat(56)}.iso`]] as const) {
    const { path } = await discs.keep(upload(name, name))
    expect(basename(path)).toBe(as)
  }
})

it('deletes one for good, and sweeps what a killed host had begun', async () => {
  const { id } = await discs.keep(upload('x.iso', 'x'))
  await discs.delete(id)
  expect(await discs.find(id)).toBeNull()
  const before = readdirSync(join(folder, 'discs'))
  for (const name of ['.new-0123456789ab', '.gone-0123456789ab']) mkdirSync(join(folder, 'discs', name))
  await discs.sweep()
  expect(readdirSync(join(folder, 'discs')).sort()).toEqual(before.sort())
})

it('lists the others when one goes between two looks', async () => {
  const { id, path } = await discs.keep(upload('x.iso', 'goes'))
  const others = (await discs.list()).filter((disc) => disc.id !== id)
  rmSync(path)
  symlinkSync(join(folder, 'nowhere'), path) // its name is read, and then it is not there
  expect(await discs.list()).toEqual(others)
  await discs.delete(id)
})
