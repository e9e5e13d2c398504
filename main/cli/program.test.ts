import { existsSync, mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GuestName } from '../../src/contract/names.ts'
import { Uploads } from '../../src/node/image/uploads.ts'
import { directories as directoriesFor, type Directories } from '../../src/node/paths.ts'
import { FakeHost } from '../../test/contract/fake-router.ts'
import { FakeScreen } from '../../test/contract/fake-screen.ts'
import { HostBusy, type OpenHost } from '../host-types.ts'
import { findServing } from '../shell/serve-record.ts'
import { attach, hostSocketPath } from './attach.ts'
import { runCommandLine } from './program.ts'
import { createTerminal } from './terminal.ts'

let home: string
let places: Directories
let fake: FakeHost
let open: boolean
let windows: string[]

/** Opens the fake host, one at a time, as the lock does. */
const openHost: OpenHost = async ({ directories }) => {
  if (open) throw new HostBusy(4711, directories.data)
  open = true
  return {
    router: fake.router,
    openScreen: async () => new FakeScreen(0),
    uploads: new Uploads(join(home, 'uploads')),
    metrics: async () => '',
    tellFailure: () => undefined,
    close: async () => {
      open = false
    },
  }
}

/** Runs one command line in this process, with a terminal that remembers. */
function start(...args: string[]) {
  const out: string[] = []
  const err: string[] = []
  const interrupt = new AbortController()
  const context = {
    terminal: createTerminal({ write: (text) => out.push(text) }, { write: (text) => err.push(text) }, {}),
    directories: places,
    env: {},
    interrupted: interrupt.signal,
    attach: () => attach({ directories: places, openHost, patienceMs: 200 }),
  }
  const openWindow = (serving: { port: number }) => {
    windows.push(`window on ${serving.port}`)
    return { opened: true as const, note: null }
  }
  const code = runCommandLine(args, context, { openHost, openWindow })
  return { code, interrupt: () => interrupt.abort(), stdout: () => out.join(''), stderr: () => err.join('') }
}

async function run(...args: string[]) {
  const command = start(...args)
  const code = await command.code
  return { code, stdout: command.stdout(), stderr: command.stderr() }
}

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'diptych-cli-'))
  places = directoriesFor({ DIPTYCH_HOME: home })
  fake = new FakeHost()
  open = false
  windows = []
})
afterEach(() => {
  expect(open).toBe(false) // every command lets the host go
  rmSync(home, { recursive: true })
})

describe('diptych', () => {
  it('prints help worth reading for the program and for every command', async () => {
    const help = await run('--help')
    expect(help.code).toBe(0)
    const verbs = (await run('__complete', '--', '')).stdout.trimEnd().split('\n').filter((word) => !word.startsWith('-'))
    expect(verbs).toContain('up')
    for (const verb of verbs) {
      expect(help.stdout).toMatch(new RegExp(`^  ${verb}`, 'm'))
      const own = await run(verb, '--help')
      expect(own.stdout).toContain('Usage: diptych')
      const isGroup = own.stdout.includes('Commands:')
      if (verb !== 'completion' && !isGroup) expect(own.stdout, verb).toContain('--json')
    }
    expect(help.stdout).toContain('Exit codes:')
    expect(help.stdout).not.toContain('__complete')
  })

  it('answers usage errors with 2, words on stderr and nothing on stdout', async () => {
    for (const args of [['frobnicate'], ['list', '--frob'], ['start'], ['stop', 'linux', '--timeout', 'soon'], ['serve', '--port', '70000'], ['logs', 'linux', '-n', '0'], ['completion', 'tcsh'], ['start', 'Bad_Name'], ['set', 'linux', 'memory=1'], ['set', 'linux', 'memory=1MiB', '--wait', '90']]) {
      const { code, stdout, stderr } = await run(...args)
      expect([code, stdout], args.join(' ')).toEqual([2, ''])
      expect(stderr.length).toBeGreaterThan(20)
    }
    expect((await run('lst')).stderr).toMatch(/Did you mean .*list/)
  })

  it('lists guests as a table and as JSON', async () => {
    expect((await run('list')).stdout).toBe('NAME     STATE    ADDRESS  AGENT   LINK  TITLE\nlinux    stopped  -        absent  up    Linux\nwindows  stopped  -        absent  up    Windows stand-in (Wine)\n')
    expect(JSON.parse((await run('list', '--json')).stdout)).toMatchObject([{ view: { name: 'linux' } }, { view: { name: 'windows' } }])
    fake = new FakeHost([])
    expect(await run('list')).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('diptych up') })
  })

  it('shows a guest and the host', async () => {
    expect((await run('info', 'linux')).stdout).toMatch(/state +stopped[\s\S]*memory +512MiB, in force 512MiB \(256MiB to 512MiB\)[\s\S]*no pause +linux is stopped/)
    expect((await run('info')).stdout).toMatch(/accelerator +tcg \(there is no \/dev\/kvm\)/)
    expect(JSON.parse((await run('info', '--json')).stdout)).toMatchObject({ qemu: '7.2.22' })
  })

  it('says what cannot be meant, with the way out', async () => {
    const cases: [string[], RegExp][] = [
      [['web', 'linux', 'linux'], /linux is named twice.*two different ones/],
      [['crossfade', 'linux', 'linux', '50%'], /linux is named twice/],
      [['template', 'make', 'linux', '--live', '--cold'], /--live and --cold cannot be given together/],
      [['trash', 'purge', '--all', 'linux'], /--all and names cannot be given together/],
      [['trash', 'purge'], /Nothing to purge was named/],
      [['snapshot', 'take', 'linux', ''], /cannot be a title.*1 to 80/],
      [['create', 'web', '--empty', '--memory', '2GB'], /not an amount of memory. Write 384MiB or 1.5GiB/],
      [['policies', 'linux', 'restart=always'], /"restart=always" is not a rule/],
    ]
    for (const [args, words] of cases) expect(await run(...args), args.join(' ')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(words) })
  })

  it('starts, says when it was so already, pauses, resumes and stops', async () => {
    expect((await run('start', 'linux', 'windows')).stderr).toBe('linux is running.\nwindows is running.\n')
    expect((await run('start', 'linux')).stderr).toBe('linux was running already.\n')
    expect((await run('pause', 'linux')).stderr).toBe('linux is paused.\n')
    expect((await run('resume', 'linux')).stderr).toBe('linux is running.\n')
    expect(JSON.parse((await run('stop', 'linux', '--force', '--json')).stdout)).toMatchObject([{ outcome: 'done', guest: { view: { state: 'stopped' } } }])
  })

  it('tells an unknown guest (3), a refusal (4) and a failure (5) apart, in words and as JSON', async () => {
    expect(await run('start', 'linus')).toMatchObject({ code: 3, stderr: 'There is no guest called "linus". Did you mean "linux"?\n' })
    expect(await run('pause', 'linux')).toMatchObject({ code: 4, stderr: 'linux cannot do that now: linux is stopped. Start it first.\n' })
    expect(await run('set', 'linux', 'memory=9GiB')).toMatchObject({ code: 4, stderr: expect.stringContaining('between 256 and 512 MiB') })
    const failed = await run('web', '--json')
    expect(failed.code).toBe(5)
    expect(JSON.parse(failed.stdout)).toMatchObject({ error: { code: 'FAILED', exitCode: 5, what: expect.stringContaining('guest agent') } })
  })

  it('watches who opens whose page, with a report of the last round, but no guest that is not there', async () => {
    expect(await run('web', '--watch', '--from', 'nobody')).toMatchObject({ code: 3, stderr: expect.stringContaining('nobody') })
    const report = join(home, 'web.xml')
    const watching = start('web', '--watch', '--host', '--junit', report)
    await expect.poll(() => existsSync(report) && readFileSync(report, 'utf8')).toMatch(/<testsuites tests="[1-9]/)
    watching.interrupt()
    expect(await watching.code).toBe(0)
  })

  it('sets sliders and the link, and says what is in force', async () => {
    expect((await run('set', 'linux', 'memory=384MiB')).stderr).toBe('linux: memory asked 384MiB, in force 384MiB (settled)\n')
    expect((await run('set', 'linux', 'link=down')).stderr).toBe('linux: link down\n')
  })

  it('puts the pair down, and every guest when told to', async () => {
    await run('create', 'web', '--empty', '--os', 'debian12')
    for (const name of ['linux', 'web']) await run('start', name)
    fake.setStage({ guests: ['linux', 'windows'].map((name) => GuestName.parse(name)) })
    const states = async () => (JSON.parse((await run('list', '--json')).stdout) as { view: { name: string; state: string } }[]).map(({ view: { name, state } }) => `${name} ${state}`).sort()
    expect((await run('down')).stderr).toBe('The demonstration guests are stopped. Still up: web; diptych down --all stops them too.\n')
    expect(await states()).toEqual(['linux stopped', 'web running', 'windows stopped'])
    expect((await run('down', '--all')).stderr).toBe('All guests are stopped.\n')
    expect(await states()).toEqual(['linux stopped', 'web stopped', 'windows stopped'])
  })

  it('saves a screenshot, and says when it cannot', async () => {
    const file = join(home, 'shot.png')
    expect(await run('screenshot', 'linux', '-o', file)).toMatchObject({ code: 0, stderr: `${file} (1280x800)\n` })
    expect(readFileSync(file).length).toBeGreaterThan(3)
    expect(await run('screenshot', 'linux', '-o', join(home, 'no', 'such', 'folder.png'))).toMatchObject({ code: 5, stderr: expect.stringContaining('--output') })
  })

  it('prints checks, and logs of guest and host', async () => {
    expect(await run('doctor')).toMatchObject({ code: 0, stdout: expect.stringContaining('-> enable it in the firmware') })
    expect((await run('logs', 'linux', '--source', 'engine')).stdout).toBe('engine of linux\n')
    mkdirSync(places.state, { recursive: true })
    writeFileSync(join(places.state, 'host.log'), 'one\ntwo\nthree\n')
    expect((await run('logs', '-n', '2')).stdout).toBe('two\nthree\n')
  })

  it('completes verbs, options, guests and settings', async () => {
    mkdirSync(join(places.data, 'guests', 'linux'), { recursive: true })
    mkdirSync(join(places.data, 'guests', 'windows'))
    const complete = async (...words: string[]) => (await run('__complete', '--', ...words)).stdout.trimEnd().split('\n')
    expect(await complete('st')).toEqual(['start', 'stop'])
    expect(await complete('stop', 'l')).toEqual(['linux'])
    expect(await complete('start', 'linux', '')).toEqual(['linux', 'windows'])
    expect(await complete('stop', '--f')).toEqual(['--force'])
    expect(await complete('start', '--boot', 'c')).toEqual(['cold'])
    expect(await complete('set', 'linux', 'm')).toEqual(['memory='])
    expect(await complete('completion', 'z')).toEqual(['zsh'])
    expect(await complete('list', '')).toEqual([''])
    expect((await run('completion', 'bash')).stdout).toContain('complete -o default -F _diptych diptych')
  })
})

describe('the library', () => {
  it('makes a guest, shows and changes it, and gives it another name', async () => {
    expect(await run('create', 'web', '--empty', '--os', 'debian12', '--memory', '1GiB', '--plan', '--json')).toMatchObject({ code: 0, stdout: expect.stringContaining('"memoryMiB": 1024') })
    expect((await run('create', 'web', '--empty', '--os', 'debian12')).stderr).toMatch(/web is there: .*diptych start web/)
    expect((await run('edit', 'web')).stdout).toMatch(/memory +2GiB[\s\S]*made from +a disk of its own/)
    expect((await run('edit', 'web', 'memory=1GiB', 'title=Web')).stderr).toBe('web: title Debian 12 -> Web, at once.\nweb: memory 2 GiB -> 1 GiB, at its next start.\n')
    expect((await run('edit', 'web', 'tpm=on', 'profile=legacy', '--plan')).stdout).toMatch(/tpm +off +on +not possible +The profile legacy has no TPM/)
    expect(await run('edit', 'web', 'tpm=on', 'profile=legacy')).toMatchObject({ code: 4 })
    expect((await run('rename', 'web', 'web-2')).stderr).toContain('web is web-2 now')
    expect(await run('create', '--empty', '--iso', 'x.iso')).toMatchObject({ code: 2 })
    expect(await run('create')).toMatchObject({ code: 2, stderr: expect.stringContaining('--template') })
  })

  it('deletes to the trash, and from it brings back or purges', async () => {
    expect((await run('delete', 'linux')).stderr).toMatch(/trash restore \d{8}T\d{9}Z-linux/)
    expect((await run('trash', 'list')).stdout).toMatch(/GUEST[\s\S]*linux/)
    expect(await run('trash', 'restore', 'nobody')).toMatchObject({ code: 3, stderr: expect.stringContaining('-linux') })
    expect((await run('trash', 'restore', 'linux', '--name', 'back')).stderr).toMatch(/^back is back/)
    expect((await run('delete', 'back', '--purge')).stderr).toContain('for good')
    expect(await run('trash', 'purge')).toMatchObject({ code: 2 })
    expect(await run('trash', 'purge', '--all', '--json')).toMatchObject({ code: 0, stdout: expect.stringContaining('"freedBytes": 0') })
    await run('start', 'windows')
    expect(await run('delete', 'windows')).toMatchObject({ code: 4, stderr: expect.stringContaining('stopped') })
  })

  it('lists the discs that were sent, and deletes one that is in no drive', async () => {
    expect((await run('disc', 'list')).stdout).toMatch(/debian-12\.iso +419\.4 MB +nobody[\s\S]*tools\.iso +419\.4 MB +linux/)
    expect(await run('disc', 'delete', 'tools.iso')).toMatchObject({ code: 4, stderr: expect.stringContaining('in a drive of linux') })
    expect(await run('disc', 'delete', 'debian-12.iso')).toMatchObject({ code: 0, stderr: expect.stringContaining('419.4 MB freed') })
    expect(await run('disc', 'delete', 'debian-12.iso')).toMatchObject({ code: 3, stderr: expect.stringContaining('There are: tools.iso') })
  })

  it('lists the systems it knows, and completes groups and fields', async () => {
    expect((await run('os', 'windows', '11')).stdout).toMatch(/^win11 .*windows-modern/m)
    expect(await run('os', 'plan9')).toMatchObject({ code: 1 })
    const complete = async (...words: string[]) => (await run('__complete', '--', ...words)).stdout.trimEnd().split('\n')
    expect(await complete('trash', 're')).toEqual(['restore'])
    expect(await complete('edit', 'linux', 'mem')).toEqual(['memory='])
    expect(await complete('create', '--profile', 'leg')).toEqual(['legacy'])
  })
})

describe('diptych up', () => {
  const step = (status: 'running' | 'done', fraction: number | null) => ({ id: 'guest:linux' as const, title: 'Linux guest', status, detail: 'unpacking', fraction, expectedSeconds: 120, remedy: null })

  it('shows progress line by line and ends when the pair runs', async () => {
    const command = start('up', '--json')
    await expect.poll(() => fake.watchers).toBe(1)
    for (const [fraction, line] of [[0, '0% '], [0.05, null], [0.11, '11% '], [0.12, null]] as const) {
      fake.setStage({ steps: [step('running', fraction)] })
      await new Promise((resolve) => setTimeout(resolve, 20)) // time for a line that should not be there
      if (line !== null) await expect.poll(command.stderr).toContain(line) // seen before the next, or they would be coalesced
    }
    fake.setStage({ steps: [step('done', 1)], guests: [] })
    fake.finishUp('ready')
    expect(await command.code).toBe(0)
    expect(JSON.parse(command.stdout())).toMatchObject({ status: 'ready' })
    expect(command.stderr()).toBe('Linux guest: 0% unpacking, about 2 min left\nLinux guest: 11% unpacking, about 2 min left\nLinux guest: done. unpacking\n')
  })

  it('cancels the work on Ctrl+C, says what is kept and exits 130', async () => {
    const command = start('up')
    await expect.poll(() => fake.watchers).toBe(1)
    command.interrupt()
    expect(await command.code).toBe(130)
    expect(command.stderr()).toBe('Cancelling…\nSetting up was cancelled. What was finished is kept; `diptych up` goes on from there.\n')
  })

  it('fails with the step that failed and its remedy', async () => {
    const command = start('up')
    await expect.poll(() => fake.watchers).toBe(1)
    fake.setStage({ steps: [{ ...step('running', null), status: 'failed', detail: 'no space left', remedy: 'Free 3 GiB.' }] })
    fake.finishUp('failed')
    expect(await command.code).toBe(5)
    expect(command.stderr()).toContain('Linux guest failed: no space left Free 3 GiB.')
  })
})

describe('attach', () => {
  it('joins the host another command has opened, and frees it when that ends', async () => {
    const first = start('up')
    await expect.poll(() => existsSync(hostSocketPath(places)) && fake.watchers).toBe(1)
    expect((await run('list')).code).toBe(0)
    expect(open).toBe(true)
    fake.finishUp('ready')
    expect(await first.code).toBe(0)
  })

  it('says which process holds the data directory when it does not answer', async () => {
    open = true // a host that is starting, or hangs
    const { code, stderr } = await run('list')
    open = false
    expect([code, stderr]).toEqual([5, 'Another Diptych host (process 4711) holds the data directory and does not answer. Wait until it has ended, or end it with: kill 4711. Running guests are kept.\n'])
  })
})

describe('diptych serve', () => {
  async function serving(...args: string[]) {
    const command = start('serve', ...args)
    await expect.poll(() => findServing(places)).not.toBeNull()
    await expect.poll(command.stdout).not.toBe('')
    return command
  }

  it('serves until it is interrupted, and leaves nothing behind', async () => {
    const command = await serving('--json', '--open')
    const { url, port } = JSON.parse(command.stdout()) as { url: string; port: number }
    expect(url).toMatch(new RegExp(`^http://127.0.0.1:${port}/#token=[0-9a-f]{64}$`))
    expect(windows).toEqual([`window on ${port}`])
    expect((await run('list')).code).toBe(0)
    command.interrupt()
    expect(await command.code).toBe(0)
    expect([await findServing(places), existsSync(hostSocketPath(places))]).toEqual([null, false])
  })

  it('opens a second window on the running host instead of failing', async () => {
    const first = await serving()
    const second = await run('serve', '--open')
    expect(second).toMatchObject({ code: 0, stdout: first.stdout(), stderr: expect.stringContaining('running already') })
    expect(windows).toHaveLength(1)
    expect((await run('serve', '--port', '1')).code).toBe(4)
    first.interrupt()
    await first.code
  })

  it('says that the port is in use, and what to do', async () => {
    const first = await serving()
    const port = /:(\d+)\//.exec(first.stdout())?.[1] ?? ''
    const saved = [places, open] as const
    places = directoriesFor({ DIPTYCH_HOME: join(home, 'other') })
    open = false
    const second = await run('serve', '--port', port)
    ;[places, open] = saved
    expect(second).toMatchObject({ code: 6, stderr: `Port ${port} on 127.0.0.1 is in use by another program. Choose another with --port, or leave --port out to take a free one.\n` })
    first.interrupt()
    await first.code
  })

  it('starts the pair with --up, and goes on serving when that fails', async () => {
    const command = await serving('--up')
    fake.setStage({ steps: [{ id: 'packages', title: 'Packages', status: 'failed', detail: 'QEMU is missing.', fraction: null, expectedSeconds: null, remedy: null }] })
    fake.finishUp('failed')
    await expect.poll(command.stderr).toContain('Packages failed: QEMU is missing.')
    expect(await findServing(places)).not.toBeNull()
    command.interrupt()
    expect(await command.code).toBe(0)
  })
})

describe('the network', () => {
  it('publishes through a serving host, and stays for one of its own until interrupted', async () => {
    const own = start('publish', 'linux', '--host-port', '40500')
    await expect.poll(own.stdout).toBe('http://linux.localhost:40500/\n')
    await expect.poll(own.stderr).toContain('Published until interrupted')
    own.interrupt()
    expect(await own.code).toBe(0)
    expect((await run('publish', 'beos')).code).toBe(3)
    expect(await run('unpublish', 'linux')).toMatchObject({ code: 1, stdout: '' })
    expect((await run('publish', 'linux', '--port', '0')).code).toBe(2)
  })

  it('watches who opens whose page, one line a direction, until interrupted', async () => {
    const watch = start('web', '--watch', '--from', 'linux')
    await expect.poll(watch.stdout).toMatch(/linux -> windows +no answer +.*connection refused\n$/)
    watch.interrupt()
    expect(await watch.code).toBe(0)
  })

  it('says that there is nothing to capture, and what cannot go together', async () => {
    const idle = await run('capture', 'linux', '--seconds', '1')
    expect([idle.code, idle.stdout]).toEqual([4, ''])
    expect(idle.stderr).toMatch(/network is not running/)
    expect((await run('capture', '--stdout', '--file', 'x')).code).toBe(2)
    expect((await run('capture', '--size', '1kB')).code).toBe(2)
  })

  it('lists the link presets', async () => {
    expect((await run('presets')).stdout).toMatch(/dsl +DSL +up 10Mbit 12ms; down 50Mbit 12ms/)
  })
})
