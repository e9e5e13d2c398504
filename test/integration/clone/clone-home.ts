import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client, Connection } from '../../../src/contract/connection.ts'
import type { GuestView } from '../../../src/contract/guest.ts'
import { GuestName } from '../../../src/contract/names.ts'
import { TestHome, until } from '../../support/diptych.ts'
import { tinyGuest } from '../engine/fixture.ts'

export const tiny = GuestName.parse('tiny')
export const base = GuestName.parse('base')

/** A Diptych of its own with one tiny guest, which has a disk and a kernel beside it. */
export class CloneHome extends TestHome {
  readonly data = join(this.directory, 'data')
  #connection: Connection | null = null

  constructor(memoryMiB = 192, guest = tinyGuest()) {
    super()
    this.env['DIPTYCH_CACHE'] = join(this.directory, 'cache') // nothing of the demonstration guests is needed
    const folder = join(this.data, 'guests', tiny)
    mkdirSync(join(folder, 'kernel'), { recursive: true, mode: 0o700 })
    for (const name of ['vmlinux', 'initrd.img']) copyFileSync(join(guest, name), join(folder, 'kernel', name))
    writeFileSync(join(folder, 'kernel', 'cmdline'), 'console=ttyS0 quiet loglevel=3\n')
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', join(folder, 'disk.qcow2'), '64M'])
    const definition = { version: 1, name: tiny, title: 'Tiny', kind: 'linux', os: 'Tiny', uuid: crypto.randomUUID(), mac: '52:54:00:aa:00:01', profile: 'linux-modern', vcpus: 1, memoryMiB, screen: { width: 800, height: 600 }, source: { disk: 'own' } }
    writeFileSync(join(folder, 'guest.yaml'), JSON.stringify(definition)) // JSON is YAML, too
  }

  get client(): Client {
    if (this.#connection === null) throw new Error('the host does not serve')
    return this.#connection.client
  }

  async open(): Promise<void> {
    await this.serve()
    this.#connection = await this.connect()
  }

  async view(name: GuestName): Promise<GuestView> {
    return (await this.client.guest.get({ name })).view
  }

  async names(): Promise<GuestName[]> {
    return (await this.client.guest.list()).map(({ view }) => view.name)
  }

  agentLive(name: GuestName): Promise<void> {
    return until(async () => (await this.view(name)).agent === 'live', `the agent of ${name}`)
  }

  /** Runs a shell line in the guest and answers what it wrote. */
  async shell(name: GuestName, script: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.client.guest.exec({ name, path: '/bin/busybox', args: ['sh', '-c', script], timeoutMs: 300_000 })
    if (exitCode !== 0) throw new Error(`${script} in ${name} ended with ${exitCode}: ${stderr}`)
    return stdout.trim()
  }

  async forceStopAll(): Promise<void> {
    for (const { view } of await this.client.guest.list()) if (['running', 'paused', 'starting'].includes(view.state)) await this.client.guest.stop({ name: view.name, mode: 'force' })
  }

  /** What must be gone when nothing is under way. */
  unfinished(): string[] {
    const inside = (...path: string[]) => {
      const folder = join(this.directory, ...path)
      return existsSync(folder) ? readdirSync(folder) : []
    }
    return [...inside('data', 'templates').filter((name) => name.startsWith('.')), ...inside('data', 'guests').filter((name) => name.startsWith('.')), ...inside('run', 'i')]
  }

  override async dispose(): Promise<void> {
    await this.forceStopAll().catch(() => undefined) // the host may be the one that failed
    await super.dispose()
  }
}
