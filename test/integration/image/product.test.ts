import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Connection } from '../../../src/contract/connection.ts'
import type { ImportMode } from '../../../src/contract/image.ts'
import { GuestName } from '../../../src/contract/names.ts'
import { uploadPath } from '../../../src/contract/upload.ts'
import { TestHome, until } from '../../support/diptych.ts'
import { maySmallDisk, SmallDisk } from '../../support/small-disk.ts'
import { bootableDisk, convertersOf, qemuImg, Workshop } from './images.ts'

const text = 'a guest from elsewhere'
const named = (name: string) => GuestName.parse(name)
/** DIPTYCH_KILLS=50 tries longer. */
const kills = Number(process.env['DIPTYCH_KILLS'] ?? 3)

describe('disks and machines from elsewhere, through the product', () => {
  const shop = new Workshop()
  const home = new TestHome()
  const guests = join(home.directory, 'data', 'guests')
  let raw: string
  let url: string
  let connection: Connection

  async function serve(): Promise<void> {
    ;({ url } = await home.serve('--port', '0'))
    connection = await home.connect()
  }

  beforeAll(async () => {
    raw = bootableDisk(shop.path('boot.raw'), text)
    await serve()
  })
  afterAll(async () => {
    for (const { view } of await connection.client.guest.list()) await connection.client.guest.stop({ name: view.name, mode: 'force' })
    connection.close()
    await home.dispose()
    shop.end()
  })

  const import_ = (path: string, name: string, mode: ImportMode = 'copy', signal?: AbortSignal) =>
    connection.client.image.import({ source: { path }, name: named(name), mode }, signal === undefined ? {} : { signal })
  const diskOf = (name: string) => join(guests, name, 'disk.qcow2')
  const unfinished = () => readdirSync(guests).filter((name) => name.startsWith('.'))

  test('a machine goes out as OVA, comes back with its hardware, and boots', async () => {
    await import_(shop.convert(raw, 'first.vhd', 'vpc', 'force_size=on'), 'first')
    const out = shop.path('first.ova')
    const exported = await home.run('export', 'first', out, '--json')
    expect(exported.stderr + exported.stdout).toContain('virtualBytes')
    const inspected = await home.run('image', 'inspect', out)
    expect([inspected.exitCode, inspected.stdout]).toEqual([0, expect.stringContaining('OVA machine') as string])
    const imported = await home.run('import', out, '--name', 'second', '--cpus', '2', '--start', '--json')
    expect(imported.exitCode, imported.stderr).toBe(0)
    await until(async () => (await connection.client.guest.logs({ name: named('second') })).text.includes(`BOOTED ${text}`), 'the imported machine to boot')
    expect((await connection.client.guest.get({ name: named('second') })).view.vcpus).toBe(2)
    const running = await connection.client.image.export({ name: named('second'), path: shop.path('running.vhdx'), format: 'vhdx' })
    expect(running).toMatchObject({ takenAt: expect.any(String) as string, warnings: [expect.stringContaining('as after a power cut: its guest agent does not answer') as string] })
    expect(shop.same(raw, 'raw', shop.path('running.vhdx'), 'vhdx')).toBe(true)
    expect([(await connection.client.guest.get({ name: named('second') })).view.state, unfinished()]).toEqual(['running', []])
    await connection.client.guest.stop({ name: named('second'), mode: 'force' })
    expect(statSync(diskOf('second')).mode & 0o077).toBe(0)
  })

  test('what is written for others is what the guest has, to other readers too', async () => {
    for (const [format, driver] of [['qcow2', 'qcow2'], ['raw', 'raw'], ['vmdk', 'vmdk'], ['vhd', 'vpc'], ['vhdx', 'vhdx']] as const) {
      const path = shop.path(`out.${format}`)
      const { fileBytes, virtualBytes } = await connection.client.image.export({ name: named('first'), path, format })
      expect([fileBytes, virtualBytes]).toEqual([statSync(path).size, statSync(raw).size])
      expect(shop.same(raw, 'raw', path, driver), format).toBe(true)
      if (format !== 'raw') expect(execFileSync('7zz', ['e', '-so', path], { maxBuffer: 64 << 20 }).equals(readFileSync(raw)), `${format}, read by 7-Zip`).toBe(true)
    }
    const folder = shop.path('unpacked')
    mkdirSync(folder)
    execFileSync('tar', ['-C', folder, '-xf', shop.path('first.ova')])
    execFileSync('xmllint', ['--noout', join(folder, 'first.ovf')])
    execFileSync('sh', ['-c', "sed -E 's/SHA256\\((.*)\\)= (.*)/\\2  \\1/' first.mf | sha256sum --check --strict --quiet"], { cwd: folder })
    expect(shop.same(raw, 'raw', join(folder, 'first-disk1.vmdk'), 'vmdk')).toBe(true)
  })

  test('a machine with several cards and disks: every card, the first disk, and a word on all that is left', async () => {
    const folder = shop.path('several')
    mkdirSync(folder)
    for (const disk of ['first-disk1.vmdk', 'data.vmdk']) copyFileSync(shop.path('unpacked/first-disk1.vmdk'), join(folder, disk))
    const item = (id: number, type: number, more: string) => `<Item><rasd:InstanceID>${id}</rasd:InstanceID><rasd:ResourceType>${type}</rasd:ResourceType>${more}</Item>`
    const described = readFileSync(shop.path('unpacked/first.ovf'), 'utf8')
      .replace('</References>', '<File ovf:id="file2" ovf:href="data.vmdk"/></References>')
      .replace('</DiskSection>', '<Disk ovf:diskId="vmdisk2" ovf:fileRef="file2" ovf:capacity="1"/></DiskSection>')
      .replace('</VirtualHardwareSection>', `${item(20, 10, '<rasd:Connection>Internal Net</rasd:Connection>')}${item(21, 10, '<rasd:Connection>stage</rasd:Connection>')}${item(22, 17, '<rasd:AddressOnParent>1</rasd:AddressOnParent><rasd:HostResource>ovf:/disk/vmdisk2</rasd:HostResource><rasd:Parent>3</rasd:Parent>')}${item(23, 35, '')}</VirtualHardwareSection>`)
    const { guest, warnings } = await connection.client.image.import({ source: { path: shop.write('several/machine.ovf', described) }, name: named('several') })
    expect(warnings.join('\n')).toMatch(/"data\.vmdk" \(VMDK.*\) is left out: .* gets "first-disk1\.vmdk"[\s\S]*sound card[\s\S]*3 network cards go on the networks stage, internal-net, network,/)
    const definition = readFileSync(join(guests, guest.view.name, 'guest.yaml'), 'utf8')
    expect(definition.replaceAll(/\s+/g, ' ')).toContain('networks: - stage - internal-net - network')
    await connection.client.guest.start({ name: guest.view.name })
    const networks = await connection.client.network.list()
    expect(networks.filter(({ guests: on }) => on.some((each) => each.guest === guest.view.name)).map(({ name }) => name)).toEqual(['stage', 'internal-net', 'network'])
    await connection.client.guest.stop({ name: guest.view.name, mode: 'force' })
  })

  test('nothing is overwritten unless asked, nothing is written among our own files', async () => {
    const path = shop.write('kept.qcow2', 'kept')
    await expect(connection.client.image.export({ name: named('first'), path, format: 'qcow2' })).rejects.toMatchObject({ data: { code: 'already-exists' } })
    expect(readFileSync(path, 'utf8')).toBe('kept')
    await connection.client.image.export({ name: named('first'), path, format: 'qcow2', replace: true, compress: true })
    expect(shop.same(raw, 'raw', path, 'qcow2')).toBe(true)
    await expect(connection.client.image.export({ name: named('first'), path: diskOf('second'), format: 'qcow2', replace: true })).rejects.toMatchObject({ data: { code: 'out-of-range' } })
    expect(readdirSync(shop.folder).filter((name) => name.includes('partial'))).toEqual([])
  })

  test('a file that is not taken says why and what to do, and makes nothing', async () => {
    const before = readdirSync(guests)
    qemuImg('create', '-q', '-u', '-f', 'qcow2', '-F', 'raw', '-b', '/etc/hostname', shop.path('evil.qcow2'), '1M')
    const evil = await home.run('import', shop.path('evil.qcow2'))
    expect([evil.exitCode, evil.stderr]).toEqual([4, expect.stringContaining('not safe to open') as string])
    expect((await home.run('import', shop.path('nowhere'))).exitCode).toBe(3)
    expect((await home.run('import', raw, '--name', 'first')).exitCode).toBe(4)
    expect((await home.run('image', 'inspect', shop.path('evil.qcow2'))).exitCode).toBe(1)
    expect(readdirSync(guests)).toEqual(before)
  })

  /** As a browser hands a file over; answers the upload's id. */
  async function send(path: string): Promise<string> {
    const [, origin = '', token = ''] = /^(.*?)\/#token=(\w+)$/.exec(url) ?? []
    const answer = await fetch(`${origin}${uploadPath(basename(path))}`, { method: 'PUT', headers: { authorization: `Bearer ${token}` }, body: readFileSync(path) })
    expect(answer.status).toBe(200)
    return answer.text()
  }
  const below = (folder: string) => readdirSync(join(home.directory, 'data', folder))

  test('a browser sends its file and imports it', async () => {
    const { guest } = await connection.client.image.import({ source: { upload: await send(shop.convert(raw, 'sent.qcow2', 'qcow2')) } })
    expect(guest.view.name).toBe('sent')
    expect(shop.same(raw, 'raw', diskOf('sent'), 'qcow2')).toBe(true)
    expect(below('uploads')).toEqual([])
  })

  function toolsDisc(): string {
    mkdirSync(shop.path('tools'), { recursive: true })
    if (!existsSync(shop.path('tools.iso'))) execFileSync('xorriso', ['-as', 'mkisofs', '-quiet', '-V', 'TOOLS', '-o', shop.path('tools.iso'), shop.path('tools')], { stdio: 'ignore' })
    return shop.path('tools.iso')
  }

  test('a disc that a browser sends is kept once, drives keep it, and it goes when none has it', async () => {
    const { client } = connection
    const kept = await client.disc.keep({ upload: await send(toolsDisc()) })
    expect(readFileSync(kept.path).equals(readFileSync(shop.path('tools.iso')))).toBe(true)
    const made = await client.guest.create({ from: { kind: 'iso', path: kept.path }, name: named('installing') })
    expect((await client.guest.settings({ name: made.guest.view.name })).settings.cdrom).toBe(kept.path)
    const again = await client.image.import({ source: { upload: await send(shop.path('tools.iso')) }, name: named('again') })
    expect((await client.guest.settings({ name: again.guest.view.name })).settings.cdrom).toBe(kept.path)
    await expect(client.disc.keep({ upload: await send(shop.convert(raw, 'no-disc.qcow2', 'qcow2')) })).rejects.toMatchObject({ data: { code: 'not-importable' } })
    await expect(client.disc.delete({ id: kept.id })).rejects.toMatchObject({ data: { code: 'in-use', reason: 'it is in a drive of installing, again' } })
    let told: readonly string[] = []
    const watching = new AbortController()
    const watched = (async () => {
      for await (const discs of await client.disc.watch(undefined, { signal: watching.signal })) told = discs.flatMap(({ users }) => users)
    })().catch(() => undefined) // ended below
    await until(() => told.includes('installing'), 'whoever watches to have the list')
    await client.guest.edit({ name: named('installing'), changes: { cdrom: null } })
    await until(() => told.join() === 'again', 'whoever watches to be told that a drive is empty')
    watching.abort()
    await watched
    const thrown = await client.guest.delete({ name: named('again') })
    expect(await client.disc.list()).toEqual([{ ...kept, users: ['again (deleted)'] }])
    await client.trash.purge({ id: thrown.id })
    expect(await client.disc.delete({ id: kept.id })).toEqual({ freedBytes: kept.bytes })
    expect(below('discs')).toEqual([])
  })

  test('no export takes the place of a file that a guest needs where it is', async () => {
    const { client } = connection
    const original = shop.convert(raw, 'original.qcow2', 'qcow2')
    const disc = toolsDisc()
    linkSync(original, shop.path('second-name.qcow2'))
    await import_(original, 'standing', 'in-place')
    await client.guest.edit({ name: named('standing'), changes: { cdrom: disc } })
    for (const [path, format] of [[original, 'qcow2'], [shop.path('second-name.qcow2'), 'qcow2'], [disc, 'raw']] as const) {
      await expect(client.image.export({ name: named('first'), path, format, replace: true }), path).rejects.toMatchObject({ data: { code: 'in-use', reason: expect.stringMatching(/^standing needs it/) as string } })
    }
    await client.trash.purge({ id: (await client.guest.delete({ name: named('standing') })).id })
    expect(await client.image.export({ name: named('first'), path: original, format: 'qcow2', replace: true })).toMatchObject({ path: original })
  })

  test('only a disc goes into a drive, and what else a file is, is said', async () => {
    const { client } = connection
    const change = (cdrom: string) => client.guest.edit({ name: named('first'), changes: { cdrom } })
    const disk = shop.convert(raw, 'no-disc-either.qcow2', 'qcow2')
    await expect(change(disk)).rejects.toMatchObject({ data: { code: 'out-of-range', reason: expect.stringContaining('it is a disk, not a disc') as string } })
    writeFileSync(shop.path('text.iso'), 'no disc')
    await expect(change(shop.path('text.iso'))).rejects.toMatchObject({ data: { reason: expect.stringContaining('nothing in it is recognised') as string } })
    await expect(change('/dev/zero')).rejects.toMatchObject({ data: { reason: expect.stringContaining('a device or a pipe') as string } })
    await expect(change('/no/such.iso')).rejects.toMatchObject({ data: { reason: expect.stringContaining('There is no file /no/such.iso') as string } })
    expect((await client.guest.planEdit({ name: named('first'), changes: { driverDisc: disk, profile: 'windows-modern' } })).changes).toContainEqual(expect.objectContaining({ field: 'driverDisc', when: 'refused' }))
    await change(toolsDisc())
    await client.guest.edit({ name: named('first'), changes: { cdrom: null } })
  })

  test('a disc that only saved memory goes on with stays, until that is gone', async () => {
    const { client } = connection
    const kept = await client.disc.keep({ upload: await send(toolsDisc()) })
    const name = named('saved')
    await client.guest.create({ from: { kind: 'iso', path: kept.path }, name, memoryMiB: 64 })
    await client.guest.start({ name })
    const taken = await client.snapshot.take({ guest: name, title: 'half way' })
    await client.guest.suspend({ name })
    const users = async () => (await client.disc.list()).flatMap((disc) => disc.users)
    expect(await users()).toEqual(['saved', 'the snapshot “half way” of saved', 'the suspended memory of saved'])
    await client.guest.start({ name, boot: 'cold' })
    await client.guest.edit({ name, changes: { cdrom: null } })
    expect(await users()).toEqual(['the snapshot “half way” of saved'])
    await expect(client.disc.delete({ id: kept.id })).rejects.toMatchObject({ data: { code: 'in-use', reason: 'it is in a drive of the snapshot “half way” of saved' } })
    renameSync(kept.path, shop.path('away.iso'))
    await expect(client.snapshot.restore({ guest: name, id: taken.id }), 'refused while the guest runs on').rejects.toMatchObject({ data: { reason: `The disc that was in its drive is gone: ${kept.path}.` } })
    renameSync(shop.path('away.iso'), kept.path)
    await client.guest.stop({ name, mode: 'force' })
    await client.snapshot.restore({ guest: name, id: taken.id })
    expect(await users(), 'the machine that was saved has it in its drive').toEqual(['saved', 'the snapshot “half way” of saved'])
    await client.guest.stop({ name, mode: 'force' })
    const thrown = await client.guest.delete({ name })
    expect(await users()).toEqual(['the snapshot “half way” of saved (deleted)'])
    await client.trash.purge({ id: thrown.id })
    expect(await client.disc.delete({ id: kept.id })).toEqual({ freedBytes: kept.bytes })
  })

  test('a disk is one way to create a guest, a disc another to import one', async () => {
    const from = { kind: 'disk', source: { path: shop.path('first.ova') }, mode: 'copy' } as const
    expect(await connection.client.guest.propose({ from, memoryMiB: 256 })).toMatchObject({ title: 'first', memoryMiB: 256, diskMiB: null })
    const made = await connection.client.guest.create({ from, name: named('made'), memoryMiB: 256 })
    expect([made.guest.view.name, shop.same(raw, 'raw', diskOf('made'), 'qcow2')]).toEqual(['made', true])
    mkdirSync(shop.path('disc'))
    execFileSync('xorriso', ['-as', 'mkisofs', '-quiet', '-V', 'DEBIAN 12', '-o', shop.path('debian.iso'), shop.path('disc')], { stdio: 'ignore' })
    const { guest, warnings } = await connection.client.image.import({ source: { path: shop.path('debian.iso') } })
    expect([guest.view.kind, warnings]).toEqual(['linux', ['Nothing on this disc boots.']])
    expect(readFileSync(join(guests, guest.view.name, 'guest.yaml'), 'utf8')).toContain(`cdrom: ${shop.path('debian.iso')}`)
  })

  test('a cancelled import leaves nothing, whoever cancels it', async () => {
    const slow = bigDisk()
    const before = readdirSync(guests)
    const abort = new AbortController()
    const first = import_(slow, 'slow', 'copy', abort.signal)
    await untilCopying()
    abort.abort()
    await expect(first).rejects.toThrow()
    await until(() => readdirSync(guests).length === before.length && convertersOf(guests).length === 0, 'the import to be undone')
    const second = import_(slow, 'slow')
    // Asked before it is cancelled: it may be rejected before the cancelling is answered.
    const told = expect(second).rejects.toMatchObject({ code: 'CANCELLED' })
    await connection.client.task.cancel({ id: await untilCopying() })
    await told
    expect(readdirSync(guests)).toEqual(before)
    expect(convertersOf(guests)).toEqual([])
  })

  test('a host that is killed at any moment of an import leaves the whole guest or none, and the original or the guest has the disk', async () => {
    const slow = bigDisk()
    for (let kill = 0; kill < kills; kill += 1) {
      const name = `killed-${kill}`
      const mode = (['copy', 'move', 'in-place'] as const)[kill % 3] ?? 'copy'
      const original = shop.path(`${name}.img`)
      if (mode === 'move' && kill % 2 === 1) qemuImg('convert', '-f', 'raw', '-O', 'qcow2', slow, original)
      else execFileSync('cp', [slow, original])
      const gone = import_(original, name, mode).catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, Math.random() * (mode === 'in-place' ? 300 : 1_500)))
      await home.crash()
      await gone
      connection.close()
      await until(() => convertersOf(guests).length === 0, 'the converter to end with the host')
      await serve()
      expect(unfinished(), `${name}, ${mode}`).toEqual([])
      const there = (await connection.client.guest.list()).some(({ view }) => view.name === name)
      expect(existsSync(join(guests, name)), `${name}, ${mode}`).toBe(there)
      if (there) {
        expect(shop.same(slow, 'raw', diskOf(name), 'qcow2'), `${name}, ${mode}`).toBe(true)
        expect(existsSync(join(guests, name, 'moved-from.json'))).toBe(false)
      }
      expect(existsSync(original), `${name}, ${mode}`).toBe(!(there && mode === 'move'))
      if (!there) expect(await import_(original, name, mode)).toMatchObject({ guest: { view: { name } } })
      rmSync(original, { force: true })
    }
  })

  function bigDisk(): string {
    const path = shop.path('big.raw')
    if (existsSync(path)) return path
    execFileSync('sh', ['-c', `cp "${raw}" "${path}" && head -c 160M /dev/urandom >> "${path}"`])
    return path
  }

  async function untilCopying(): Promise<string> {
    for await (const tasks of await connection.client.task.watch()) {
      const task = tasks.find(({ kind, status, fraction }) => kind === 'import' && status === 'running' && fraction !== null)
      if (task !== undefined) return task.id
    }
    throw new Error('the tasks are no longer told')
  }
})

describe.skipIf(!maySmallDisk)('a full disk (needs root: mounts a small file system)', () => {
  const shop = new Workshop()
  const home = new TestHome()
  const data = join(home.directory, 'data')
  const [waiting, go] = [shop.path('waiting'), shop.path('go')]
  let disk: SmallDisk

  beforeAll(() => {
    disk = new SmallDisk(data, shop.path('small.ext4'), 400)
    chmodSync(data, 0o700)
    // A converter that stands still before it begins: what it finds then is what the test has made of the disk.
    const real = execFileSync('sh', ['-c', 'command -v qemu-img'], { encoding: 'utf8' }).trim()
    const folder = shop.path('bin')
    mkdirSync(folder)
    writeFileSync(join(folder, 'qemu-img'), `#!/bin/sh\ncase "$1" in convert) touch "${waiting}"; while [ ! -e "${go}" ]; do sleep 0.05; done;; esac\nexec "${real}" "$@"\n`, { mode: 0o755 })
    home.env['PATH'] = `${folder}:${process.env['PATH'] ?? ''}`
  })
  afterAll(async () => {
    await home.crash()
    disk.unmount()
    await home.dispose()
    shop.end()
  })

  test('is noticed before an import begins, and ends one cleanly when it fills meanwhile', async () => {
    await home.serve('--port', '0')
    const { client, close } = await home.connect()
    const path = shop.path('big.raw')
    execFileSync('sh', ['-c', `head -c 1M /dev/zero > "${path}" && head -c 150M /dev/urandom >> "${path}"`])
    const importing = () => client.image.import({ source: { path }, raw: true })
    disk.fill(100)
    await expect(importing()).rejects.toMatchObject({ code: 'PREREQUISITE', data: { what: 'disk space', reason: expect.stringMatching(/takes up to \d+ MiB in .*, where \d+ MiB are free/) as string, remedy: expect.stringContaining('Make room') as string } })
    disk.free()
    const filling = expect(importing()).rejects.toMatchObject({ code: 'FAILED', data: { reason: expect.stringContaining('no space is left') as string, remedy: expect.stringContaining('Make room') as string } })
    await until(() => existsSync(waiting), 'the converter to be about to begin')
    disk.fill(0)
    writeFileSync(go, '')
    await filling
    expect(readdirSync(join(data, 'guests'))).toEqual([])
    disk.free()
    await importing()
    expect(readdirSync(join(data, 'guests'))).toEqual(['big'])
    close()
  })
})
