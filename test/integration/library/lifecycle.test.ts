import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Client, Connection } from '../../../src/contract/connection.ts'
import { GuestName } from '../../../src/contract/names.ts'
import { TestHome, until } from '../../support/diptych.ts'
import { copyDisc, readHardware } from './hardware.ts'

let home: TestHome
let connection: Connection
let client: Client
const name = GuestName.parse('debian')
const data = (...path: string[]) => join(home.directory, 'data', ...path)
const yaml = (guest: string) => data('guests', guest, 'guest.yaml')
const refused = (code: string) => ({ code: 'REFUSED', data: { code } })

async function connect(): Promise<void> {
  await home.serve()
  connection = await home.connect()
  client = connection.client
}

beforeAll(async () => {
  home = new TestHome()
  copyDisc(join(home.directory, 'disc.iso'))
  await connect()
})
afterAll(async () => {
  connection.close()
  await home.dispose()
})

describe('a guest of one’s own, from its disc to its end', () => {
  const iso = () => join(home.directory, 'disc.iso')

  test('is proposed and made from a disc that the osinfo database knows', async () => {
    const from = { kind: 'iso', path: iso() } as const
    expect(await client.guest.propose({ from })).toMatchObject({ name: 'debian-11', system: 'debian11', profile: 'linux-modern', firmware: 'bios', diskMiB: 20_480 })
    expect(await client.guest.propose({ from, system: 'win11' })).toMatchObject({ profile: 'windows-modern', firmware: 'uefi', kind: 'windows' })
    const { guest } = await client.guest.create({ from, name, memoryMiB: 384, diskMiB: 100 })
    expect(guest.view).toMatchObject({ name, state: 'defined', title: 'Debian 11', kind: 'linux' })
    expect((await client.guest.settings({ name })).disk).toMatchObject({ virtualMiB: 100 })
    await expect(client.guest.create({ from, name })).rejects.toMatchObject(refused('already-exists'))
    expect((await client.task.list()).map(({ kind, status }) => [kind, status])).toContainEqual(['create', 'done'])
  })

  test('a file that is no disc is refused, and a missing one named', async () => {
    writeFileSync(join(home.directory, 'text.iso'), 'no disc')
    await expect(client.guest.propose({ from: { kind: 'iso', path: join(home.directory, 'text.iso') } })).rejects.toMatchObject(refused('unsupported'))
    await expect(client.guest.propose({ from: { kind: 'iso', path: '/no/such.iso' } })).rejects.toMatchObject({ code: 'NOT_FOUND', data: { noun: 'file', name: '/no/such.iso' } })
  })

  test('starts from the disc, because its disk is empty', async () => {
    await client.guest.start({ name })
    const log = async () => (await client.guest.logs({ name })).text
    await until(async () => readHardware(await log()) !== null, 'the system on the disc')
    expect(readHardware(await log())).toMatchObject({ from: 'disc', firmware: 'bios' })
  })

  test('an edit says what each field does, and does all or nothing', async () => {
    const changes = { title: 'Renamed while it runs', memoryMiB: 512, cdrom: null, name: GuestName.parse('other') }
    const plan = await client.guest.planEdit({ name, changes })
    expect(plan.allowed).toBe(false)
    expect(plan.changes.map(({ field, when }) => [field, when])).toEqual([['name', 'refused'], ['title', 'live'], ['memoryMiB', 'next-boot'], ['cdrom', 'live']])
    await expect(client.guest.edit({ name, changes })).rejects.toMatchObject(refused('out-of-range'))
    expect((await client.guest.settings({ name })).settings.title).toBe('Debian 11')

    writeFileSync(yaml(name), readFileSync(yaml(name), 'utf8').replace('title:', '# mine\ntitle:'))
    const { title, memoryMiB, cdrom } = changes
    const { guest } = await client.guest.edit({ name, changes: { title, memoryMiB, cdrom }, basedOn: plan.hash })
    expect(guest.view.title).toBe(title)
    expect(readFileSync(yaml(name), 'utf8')).toMatch(/# mine\ntitle: Renamed while it runs/)
    expect((await client.guest.settings({ name })).settings).toMatchObject({ memoryMiB: 512, cdrom: null })
    await client.guest.edit({ name, changes: { cdrom: iso() } })
  })

  test('an edit of a file that was changed meanwhile loses neither', async () => {
    const { hash } = await client.guest.settings({ name })
    writeFileSync(yaml(name), readFileSync(yaml(name), 'utf8').replace('vcpus: 1', 'vcpus: 2'))
    await expect(client.guest.edit({ name, changes: { title: 'Lost' }, basedOn: hash })).rejects.toMatchObject(refused('in-use'))
    expect((await client.guest.settings({ name })).settings).toMatchObject({ vcpus: 2, title: 'Renamed while it runs' })
  })

  test('a running guest is neither renamed nor deleted nor given a larger disk', async () => {
    await expect(client.guest.delete({ name })).rejects.toMatchObject(refused('wrong-state'))
    await expect(client.guest.growDisk({ name, diskMiB: 200 })).rejects.toMatchObject(refused('wrong-state'))
    await client.guest.stop({ name, mode: 'force' })
    expect((await client.guest.growDisk({ name, diskMiB: 200 })).disk).toMatchObject({ virtualMiB: 200 })
    await expect(client.guest.growDisk({ name, diskMiB: 50 })).rejects.toMatchObject(refused('out-of-range'))
  })

  test('a rename takes folder, file, logs and DNS name along', async () => {
    const to = GuestName.parse('web')
    const guest = await client.guest.rename({ name, to })
    expect(guest.view.network.dnsName).toBe('web.diptych.internal')
    expect(existsSync(data('guests', name))).toBe(false)
    expect(readFileSync(yaml('web'), 'utf8')).toMatch(/^name: web$/m)
    expect((await client.guest.logs({ name: to })).text).toContain('HARDWARE')
    await client.guest.start({ name: to })
    await until(async () => readHardware((await client.guest.logs({ name: to })).text) !== null, 'it starts under its new name')
    await client.guest.stop({ name: to, mode: 'force' })
  })

  test('deleted, it is in the trash; restored under another name where its own was taken, with an identity of its own', async () => {
    const web = GuestName.parse('web')
    const before = (await client.guest.get({ name: web })).view.network.mac
    const item = await client.guest.delete({ name: web })
    expect(item).toMatchObject({ name: web, problem: null })
    expect(item.bytes).toBeGreaterThan(0)
    expect(await client.trash.list()).toEqual([item])
    expect(readdirSync(data('guests'))).toEqual([])

    await client.guest.create({ from: { kind: 'empty' }, name: web, memoryMiB: 256, diskMiB: 10 })
    await expect(client.trash.restore({ id: item.id })).rejects.toMatchObject(refused('already-exists'))
    const back = GuestName.parse('web-back')
    expect((await client.trash.restore({ id: item.id, name: back })).view).toMatchObject({ name: back, network: { mac: before } })
    expect(await client.trash.list()).toEqual([])
    expect(readFileSync(yaml(back), 'utf8')).toContain('# mine')
  })

  test('purged, it is gone for good', async () => {
    const item = await client.guest.delete({ name: GuestName.parse('web-back') })
    expect((await client.trash.purge({ id: item.id })).freedBytes).toBe(item.bytes)
    await expect(client.trash.purge({ id: item.id })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(readdirSync(data('trash'))).toEqual([])
  })

  test('everything is found again by the next host, whole', async () => {
    const web = GuestName.parse('web')
    const item = await client.guest.delete({ name: web })
    connection.close()
    await home.crash()
    await connect()
    expect(await client.guest.list()).toEqual([])
    expect(await client.trash.list()).toEqual([item])
    expect(statSync(data('trash', item.id, 'disk.qcow2')).size).toBeGreaterThan(0)
    expect((await client.trash.restore({ id: item.id })).view.state).toBe('defined')
    expect(await client.trash.empty()).toEqual({ freedBytes: 0, purged: 0 })
  })
})
