import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GuestName } from '../contract/names.ts'
import { formatGuestFile } from '../guest/definition-file.ts'
import { type GuestDefinition, demonstrationGuests } from '../guest/definition.ts'
import { GuestFolders } from './guest-folders.ts'
import { GuestStore } from './guest-store.ts'
import { Trash } from './trash.ts'

let data: string
let store: GuestStore
let folders: GuestFolders
let trash: Trash
const [linux] = demonstrationGuests()
const [a, b] = ['a', 'b'].map((name) => GuestName.parse(name))
if (linux === undefined || a === undefined || b === undefined) throw new Error('no names')
const guest = (name: GuestName): GuestDefinition => ({ ...linux, name })
const textOf = (name: GuestName) => formatGuestFile(guest(name))
const turn = { before: () => undefined, after: () => undefined }

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'diptych-folders-'))
  store = new GuestStore(data)
  folders = store.folders
  trash = new Trash(data)
})
afterEach(() => rmSync(data, { recursive: true }))

describe('guests’ folders', () => {
  it('appear whole, and never over another', async () => {
    await store.create(guest(a))
    expect(readdirSync(folders.root)).toEqual(['a'])
    await expect(store.create(guest(a))).rejects.toMatchObject({ code: 'already-exists' })
    mkdirSync(folders.path(b))
    await expect(store.create(guest(b))).rejects.toMatchObject({ code: 'already-exists' })
    expect(readdirSync(folders.root)).toEqual(['a', 'b'])
  })

  it('move with a new file; what is checked last can still refuse', async () => {
    await store.create(guest(a))
    const refuse = { ...turn, before: () => { throw new Error('it was started') } }
    await expect(folders.move(folders.path(a), b, textOf(b), refuse)).rejects.toThrow('it was started')
    expect(readdirSync(folders.path(a))).toEqual(['guest.yaml'])
    await folders.move(folders.path(a), b, textOf(b), turn)
    expect(store.load().guests.map(({ name }) => name)).toEqual(['b'])
  })

  it('are recovered from a process that died at any point of a move or a making', async () => {
    await store.create(guest(a))
    folders.begin()
    writeFileSync(join(folders.path(a), 'guest.yaml.0123456789ab.tmp'), 'name: ')
    writeFileSync(join(folders.path(a), 'mine.tmp'), 'not ours')
    writeFileSync(join(folders.path(a), 'guest.yaml.renamed'), textOf(b)) // before the folder's rename
    expect(store.load().guests.map(({ name }) => name)).toEqual(['a'])
    expect(readdirSync(folders.root)).toEqual(['a'])
    expect(readdirSync(folders.path(a))).toEqual(['guest.yaml', 'mine.tmp'])

    mkdirSync(folders.path(b))
    writeFileSync(join(folders.path(b), 'guest.yaml'), textOf(a)) // after it
    writeFileSync(join(folders.path(b), 'guest.yaml.renamed'), textOf(b))
    const loaded = store.load()
    expect([loaded.guests.map(({ name }) => name), loaded.unusable]).toEqual([['a', 'b'], []])
  })

  it('go to the trash and come back; ids never meet; a purge that was cut off is ended', async () => {
    await store.create(guest(a))
    const first = trash.take(folders.path(a), a, 1_000)
    await store.create(guest(a))
    const second = trash.take(folders.path(a), a, 1_000)
    expect(trash.ids()).toEqual([second, first])
    expect(await trash.item(first)).toMatchObject({ name: 'a', title: linux.title, deletedAt: '1970-01-01T00:00:01.000Z', problem: null })
    writeFileSync(join(trash.path(second), 'guest.yaml'), 'name: [')
    expect((await trash.item(second)).problem).toMatch(/line 1/)
    await folders.move(trash.path(first), b, textOf(b), turn)
    expect(readFileSync(join(folders.path(b), 'guest.yaml'), 'utf8')).toBe(textOf(b))
    mkdirSync(join(trash.root, `.purging-${first}`))
    trash.recover()
    expect(readdirSync(trash.root)).toEqual([second])
    expect(await trash.purge(second)).toBeGreaterThan(0)
    expect(existsSync(trash.path(second))).toBe(false)
  })
})

describe('guest.yaml', () => {
  it('is edited only while it still has the settings that were read, with its comments', async () => {
    await store.create(guest(a))
    const { hash } = store.read(a)
    const path = store.filePath(a)
    await store.edit(a, [{ path: ['controls', 'linkUp'], value: false }]) // sliders move meanwhile
    writeFileSync(path, readFileSync(path, 'utf8').replace('vcpus:', '# why\nvcpus:'))
    const edited = await store.editExactly(a, hash, [{ path: ['title'], value: 'New' }])
    expect(edited.definition).toMatchObject({ title: 'New', controls: { linkUp: false } })
    expect(edited.text).toContain('# why\n')
    await expect(store.editExactly(a, hash, [{ path: ['title'], value: 'Newer' }])).rejects.toMatchObject({ code: 'in-use' })
    await expect(store.editExactly(a, edited.hash, [{ path: ['vcpus'], value: 0 }])).rejects.toThrow(/vcpus/)
    expect(store.read(a).definition.title).toBe('New')
  })
})
