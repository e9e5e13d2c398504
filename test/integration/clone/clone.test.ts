import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GuestName } from '../../../src/contract/names.ts'
import { sentenceFor } from '../../../src/contract/sentence.ts'
import { until } from '../../support/diptych.ts'
import { base, CloneHome, tiny } from './clone-home.ts'

const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')
const write = (text: string) => `printf '%-8s' ${text} | dd of=/dev/vda 2>/dev/null; sync`
const read = 'dd if=/dev/vda bs=8 count=1 2>/dev/null'
/** Host name, address of the card, random bytes, IPv4 address. */
const identity = 'echo $(hostname) $(cat /sys/class/net/eth*/address) $(head -c 8 /dev/urandom | xxd -p) $(ifconfig eth0 | sed -n "s/.*inet addr:\\([0-9.]*\\).*/\\1/p")'
const count = 10

describe('clones, through the contract', () => {
  let home: CloneHome
  let frozen: string
  let clones: GuestName[]
  const templateFile = (name: string) => join(home.data, 'templates', base, name)
  const cloned = (number: number) => clones[number] ?? tiny

  beforeAll(async () => {
    home = new CloneHome()
    await home.open()
    await home.client.guest.start({ name: tiny })
    await home.agentLive(tiny)
    await home.shell(tiny, write('original'))
    const made = await home.client.template.make({ guest: tiny, name: base, title: 'The base' })
    expect(made).toMatchObject({ name: base, kind: 'live', note: null, guest: tiny, clones: [], automatic: false })
    frozen = digest(templateFile('ram.img'))
    const asked = await home.client.template.clone({ from: { template: base }, count, force: true })
    clones = asked.guests.map(({ view }) => view.name)
    await Promise.all(clones.map((name) => home.agentLive(name)))
  })
  afterAll(() => home.dispose())

  test('ten run at once, none shares an identifier, and the source has kept its own', async () => {
    expect(clones).toEqual(Array.from({ length: count }, (_, index) => `base-${index + 1}`))
    const names = [tiny, ...clones]
    const isItself = async (name: GuestName) => {
      const [hostName, , , address] = (await home.shell(name, identity)).split(' ')
      return hostName === name && address !== undefined
    }
    for (const name of clones) await until(() => isItself(name), `the name and an address of ${name}`)
    const found = await Promise.all(names.map(async (name) => (await home.shell(name, identity)).split(' ')))
    for (const column of [0, 1, 2, 3]) expect(new Set(found.map((row) => row[column])).size).toBe(names.length)
    expect(found.map(([hostName]) => hostName)).toEqual(names)
    const views = await Promise.all(names.map((name) => home.view(name)))
    expect(views.map(({ network }) => network.mac)).toEqual(found.map((row) => row[1]))
    expect(views.map(({ network }) => network.ipv4)).toEqual(found.map((row) => row[3]))
    expect(new Set(names.map((name) => /uuid: (\S+)/.exec(readFileSync(join(home.data, 'guests', name, 'guest.yaml'), 'utf8').replaceAll('"', ''))?.[1])).size).toBe(names.length)
    expect(found[0]?.[1]).toBe('52:54:00:aa:00:01')
  })

  test('they reach each other by name, and no frame with an old address has left one', async () => {
    const script = (name: GuestName) => `a=$(nslookup ${name}.diptych.internal | sed -n 's/^Address: \\([0-9.]*\\)$/\\1/p' | tail -1); printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' | nc -w 60 $a 80 | tail -1`
    for (const name of clones) {
      let answer = ''
      await until(async () => (answer = await home.shell(cloned(0), script(name))) !== '', `an answer of ${name}`)
      expect(answer.split(' ')[0]).toBe(name)
    }
    const { statistics } = await home.client.network.get()
    expect(statistics?.ports.filter(({ drops }) => Object.keys(drops).includes('mac-spoof'))).toEqual([])
    expect(statistics?.strays).toEqual({})
  })

  test('each has its own disk and memory; the template is untouched', async () => {
    await Promise.all(clones.slice(0, 3).map((name) => home.shell(name, write(name))))
    expect(await Promise.all(clones.slice(0, 4).map((name) => home.shell(name, read)))).toEqual(['base-1', 'base-2', 'base-3', 'original'])
    expect(await home.shell(tiny, read)).toBe('original')
    expect(digest(templateFile('ram.img'))).toBe(frozen)
    expect((await home.view(cloned(0))).controls.memory).toMatchObject({ applies: 'unavailable', reason: expect.stringContaining('shared with its template') as string })
  })

  test('a template with clones is not deleted, and the answer names them', async () => {
    const refusal = await home.client.template.delete({ name: base }).catch((error: unknown) => sentenceFor(error))
    expect(refusal).toMatchObject({ what: expect.stringMatching(/base is in use.*base-1.*base-10/) as string, wayOut: expect.stringContaining('diptych flatten base-1') as string })
    expect((await home.client.template.list()).map(({ clones: named }) => named)).toEqual([clones])
  })

  test('a running clone is flattened and stands alone', async () => {
    await home.client.template.flatten({ guest: cloned(0) })
    expect(await home.shell(cloned(0), read)).toBe('base-1')
    expect(execFileSync('qemu-img', ['info', '-U', '--output=json', join(home.data, 'guests', cloned(0), 'disk.qcow2')], { encoding: 'utf8' })).not.toContain('backing')
    expect((await home.client.template.list()).flatMap(({ clones: named }) => named)).not.toContain(cloned(0))
    await expect(home.client.template.flatten({ guest: cloned(0) })).rejects.toThrow()
  })

  test('a clone that was stopped boots from its own disk; fresh, it is as on its first day', async () => {
    const name = cloned(1)
    await home.client.guest.stop({ name, mode: 'force' })
    await home.client.guest.start({ name, force: true })
    await home.agentLive(name)
    expect(await home.shell(name, read)).toBe('base-2')
    expect((await home.view(name)).boot).toBe('cold')
    expect((await home.view(name)).controls.memory.applies).toBe('live')
    await home.client.guest.stop({ name, mode: 'force' })
    await home.client.template.startFresh({ guest: name, force: true })
    await home.agentLive(name)
    expect(await home.shell(name, read)).toBe('original')
    expect((await home.view(name)).boot).toBe('cloned')
    expect(existsSync(join(home.data, 'guests', name, 'disk.qcow2.previous'))).toBe(true)
  })

  test('a guest is cloned through a template that goes with its last clone', async () => {
    for (const name of clones.slice(4)) await home.client.guest.stop({ name, mode: 'force' })
    const { guests } = await home.client.template.clone({ from: { guest: cloned(2) }, name: GuestName.parse('copy'), force: true })
    const copy = GuestName.parse('copy')
    expect(guests.map(({ view }) => view.name)).toEqual([copy])
    await home.agentLive(copy)
    await until(async () => (await home.shell(copy, 'hostname')) === 'copy', 'the clone to hear its name')
    expect(await home.shell(copy, read)).toBe('base-3')
    const automatic = (await home.client.template.list()).find((template) => template.automatic)
    expect(automatic).toMatchObject({ kind: 'live', clones: [copy] })
    expect((await home.client.template.list()).find(({ name }) => name === base)?.clones).toContain(copy)
    await home.client.template.flatten({ guest: copy })
    await until(async () => !(await home.client.template.list()).some((template) => template.automatic), 'the template made on the way to go')
    expect(await home.shell(copy, read)).toBe('base-3')
    expect(digest(templateFile('ram.img'))).toBe(frozen)
  })

  test('and with one that is deleted for good', async () => {
    const last = GuestName.parse('last')
    await home.client.template.clone({ from: { guest: cloned(2) }, name: last, start: false })
    const isThere = async () => (await home.client.template.list()).some(({ automatic }) => automatic)
    expect(await isThere()).toBe(true)
    const { id } = await home.client.guest.delete({ name: last })
    expect(await isThere()).toBe(true) // it may come back
    await home.client.trash.purge({ id })
    expect(await isThere()).toBe(false)
  })

  test('a guest that is off gives a cold template, whose clones boot from its disk', async () => {
    await home.client.guest.stop({ name: cloned(3), mode: 'force' })
    const cold = GuestName.parse('cold')
    expect(await home.client.template.make({ guest: cloned(3), name: cold })).toMatchObject({ kind: 'cold', pausedMs: null, memoryBytes: 0 })
    await home.client.template.clone({ from: { template: cold }, name: GuestName.parse('booted'), force: true })
    await home.agentLive(GuestName.parse('booted'))
    expect(await home.shell(GuestName.parse('booted'), read)).toBe('original')
    await expect(home.client.template.make({ guest: cloned(3), kind: 'live' })).rejects.toThrow()
    expect(home.unfinished()).toEqual([])
  })
})
