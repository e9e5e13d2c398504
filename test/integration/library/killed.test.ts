import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from '../../../src/contract/connection.ts'
import { GuestName } from '../../../src/contract/names.ts'
import { TestHome } from '../../support/diptych.ts'
import { randomOf } from '../../fuzz/dice.ts'

/** How often the host is killed: a few times in CI, 50 to be sure. */
const rounds = Number(process.env['DIPTYCH_KILLS'] ?? 4)

let home: TestHome
beforeAll(() => {
  home = new TestHome()
})
afterAll(() => home.dispose())

const names = ['a', 'b', 'c', 'd'].map((name) => GuestName.parse(name))
const from = { kind: 'empty' } as const

/** One random step; a refusal is an answer like any other. */
async function step(client: Client, random: () => number): Promise<void> {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)]
  const guests = (await client.guest.list()).map(({ view }) => view.name)
  const trash = await client.trash.list()
  const name = pick(names) ?? names[0]
  const guest = pick(guests)
  const item = pick(trash)
  const kind = Math.floor(random() * 5)
  if (name !== undefined && (kind === 0 || (guest === undefined && item === undefined))) await client.guest.create({ from, name, diskMiB: 16, memoryMiB: 128 })
  else if (kind === 1 && guest !== undefined && name !== undefined) await client.guest.rename({ name: guest, to: name })
  else if (kind === 2 && guest !== undefined) await client.guest.delete({ name: guest })
  else if (kind === 3 && item !== undefined) await client.trash.restore({ id: item.id, ...(random() < 0.5 && name !== undefined ? { name } : {}) })
  else if (kind === 4 && item !== undefined) await client.trash.purge({ id: item.id })
}

test(`a host killed while it creates, renames, deletes, restores and purges leaves every guest whole or gone (${rounds} times)`, { timeout: rounds * 60_000 + 1_200_000 }, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  console.info(`seed ${seed}`)
  const random = randomOf(seed)
  for (let round = 0; round < rounds; round += 1) {
    await home.serve()
    const { client, close } = await home.connect()
    await expectWhole(client)
    const known = (await client.guest.list()).length + (await client.trash.list()).length
    if (known < 2) for (const name of names.slice(0, 3)) await client.guest.create({ from, name, diskMiB: 16, memoryMiB: 128 }).catch(() => undefined)
    const killed = new AbortController()
    const work = (async () => {
      while (!killed.signal.aborted) {
        await step(client, random).catch(() => undefined)
        await new Promise((resolve) => setImmediate(resolve)) // calls of a dead connection are refused without waiting
      }
    })()
    await new Promise((resolve) => setTimeout(resolve, 20 + random() * 400))
    await home.crash()
    killed.abort()
    close()
    await work
  }
  await home.serve()
  const { client, close } = await home.connect()
  await expectWhole(client)
  close()
})

/** Everything on disk is a guest or something in the trash, each with its file and a sound disk; nothing else is left. */
async function expectWhole(client: Client): Promise<void> {
  const data = join(home.directory, 'data')
  const guests = (await client.guest.list()).map(({ view }) => view.name)
  const trash = await client.trash.list()
  expect(readdirSync(join(data, 'guests')).sort()).toEqual([...guests].sort())
  expect(readdirSync(join(data, 'trash')).sort()).toEqual(trash.map(({ id }) => id).sort())
  expect(trash.filter(({ problem }) => problem !== null)).toEqual([])
  expect((await client.host.doctor()).filter(({ id }) => id.startsWith('guest-'))).toEqual([])
  for (const folder of [...guests.map((name) => join(data, 'guests', name)), ...trash.map(({ id }) => join(data, 'trash', id))]) {
    expect(readdirSync(folder).sort()).toEqual(['disk.qcow2', 'guest.yaml'])
    execFileSync('qemu-img', ['check', '-q', join(folder, 'disk.qcow2')])
  }
  const identities = await Promise.all(guests.map(async (name) => (await client.guest.get({ name })).view.network.mac))
  expect(new Set(identities).size).toBe(identities.length)
}
