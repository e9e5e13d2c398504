import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Uploads } from '../src/node/image/uploads.ts'
import { Publisher } from '../src/publisher.ts'
import { DiscService } from './disc-service.ts'
import type { FileUsers } from './file-users.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'diptych-discs-'))
})
afterEach(() => rmSync(home, { recursive: true }))

it('tells whoever watches when only the users of a disc change, once, until they leave', async () => {
  const folder = join(home, 'discs', 'a'.repeat(32))
  const path = join(folder, 'tools.iso')
  mkdirSync(folder, { recursive: true })
  writeFileSync(path, 'a disc')
  let users = ['linux']
  let looks = 0
  const guests = new Publisher<string>()
  const discs = new DiscService({
    dataDirectory: home,
    uploads: new Uploads(join(home, 'uploads')),
    users: { discs: () => ((looks += 1), users.map((user) => ({ path, user }))) } as unknown as FileUsers, // what a list asks of it
    changes: (signal) => [guests.subscribe([], signal), Promise.reject(new Error('cannot be read'))],
  })
  const leaving = new AbortController()
  const told: string[][] = []
  const watched = (async () => {
    for await (const list of discs.watch(leaving.signal)) told.push(list.flatMap((disc) => disc.users))
  })()
  await expect.poll(() => told).toEqual([['linux']])

  guests.publish('nothing about discs')
  await expect.poll(() => looks).toBe(2)
  users = ['linux', 'windows']
  guests.publish('changed')
  await expect.poll(() => told).toEqual([['linux'], ['linux', 'windows']])
  users = []
  discs.usersChanged()
  await expect.poll(() => told).toEqual([['linux'], ['linux', 'windows'], []])

  leaving.abort()
  await watched
  expect(guests.readers).toBe(0)
})
