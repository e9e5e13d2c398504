import { execFileSync, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { totalmem } from 'node:os'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mebibytesInWords } from '../../src/contract/amount.ts'
import { formatGuestFile } from '../../src/guest/definition-file.ts'
import { demonstrationGuests } from '../../src/guest/definition.ts'
import { identify } from '../../src/node/process/process-identity.ts'
import { TestHome } from '../support/diptych.ts'

/** Each kind of bad input ends with a sentence that names the cause and the way out, its own exit code, nothing lost. */
let home: TestHome
beforeEach(() => {
  home = new TestHome()
})
afterEach(() => home.dispose())

function defineLinux(): string {
  const [linux] = demonstrationGuests()
  if (linux === undefined) throw new Error('no demonstration guest')
  const folder = join(home.directory, 'data', 'guests', 'linux')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'guest.yaml')
  writeFileSync(path, formatGuestFile(linux))
  return path
}

describe('bad input', () => {
  it('missing QEMU: 6, and the package to install', async () => {
    const folder = mkdtempSync('/tmp/dt-path-')
    home.env['PATH'] = folder
    try {
      const { exitCode, stderr } = await home.run('up')
      expect(stderr).toMatch(/qemu-system-x86_64 .*not installed|not found/i)
      expect(stderr).toContain('apt-get install qemu-system-x86')
      expect(exitCode).toBe(6)
    } finally {
      rmSync(folder, { recursive: true })
      home.env['PATH'] = process.env['PATH']
    }
  })

  it('a busy lock whose holder does not answer: 5, naming the process', async () => {
    const data = join(home.directory, 'data')
    mkdirSync(data, { recursive: true, mode: 0o700 })
    const holder = spawn('sleep', ['600'])
    writeFileSync(join(data, 'lock'), JSON.stringify({ processId: holder.pid, startTicks: identify(holder.pid ?? 0)?.startTicks }))
    try {
      const { exitCode, stderr } = await home.run('list')
      expect(stderr).toContain(`process ${holder.pid}`)
      expect(exitCode).toBe(5)
    } finally {
      const gone = new Promise((resolve) => holder.once('close', resolve))
      holder.kill()
      await gone
    }
  })

  it('a data directory that is no directory: 6, left as it is', async () => {
    writeFileSync(join(home.directory, 'data'), 'precious')
    const { exitCode, stderr } = await home.run('list')
    expect(stderr).toContain(join(home.directory, 'data'))
    expect(exitCode).toBe(6)
    expect(readFileSync(join(home.directory, 'data'), 'utf8')).toBe('precious')
    rmSync(join(home.directory, 'data'))
  })

  it('a corrupt guest file: named with line and column, never overwritten, and the rest works', async () => {
    const path = defineLinux()
    const broken = readFileSync(path, 'utf8').replace(/memoryMiB: \d+/, 'memoryMiB: plenty')
    writeFileSync(path, broken)
    const list = await home.run('list', '--json')
    expect(list.exitCode).toBe(0)
    expect(JSON.parse(list.stdout)).toEqual([])
    const doctor = await home.run('doctor')
    expect(doctor.stdout + doctor.stderr).toMatch(/guest\.yaml.*line \d+, column \d+: memoryMiB/s)
    expect(doctor.exitCode).toBe(1)
    const up = await home.run('up')
    expect(up.exitCode).toBe(6)
    expect(up.stderr).toContain(path)
    expect(readFileSync(path, 'utf8')).toBe(broken)
  })

  it('an occupied port: 6, and how to choose another', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { exitCode, stderr } = await home.run('serve', '--port', String(port))
    server.close()
    expect(stderr).toMatch(new RegExp(`Port ${port} .*in use`))
    expect(stderr).toContain('--port')
    expect(exitCode).toBe(6)
  })

  it('an unknown flag, command or port number: 2', async () => {
    for (const args of [['list', '--colour'], ['lst'], ['serve', '--port', 'many']]) {
      const { exitCode, stderr } = await home.run(...args)
      expect(stderr).toMatch(/unknown|must be/i)
      expect(exitCode).toBe(2)
    }
  })

  it('an unknown guest: 3, naming those that exist', async () => {
    defineLinux()
    for (const args of [['info', 'lunix'], ['start', 'lunix'], ['set', 'lunix', 'memory=256MiB']]) {
      const { exitCode, stderr } = await home.run(...args)
      expect(stderr).toMatch(/lunix/)
      expect(stderr).toMatch(/linux/)
      expect(exitCode).toBe(3)
    }
  })

  it('an illegal slider value: 4 with the range when the guest cannot, 2 when it is no value; the file keeps the old one', async () => {
    const path = defineLinux()
    const before = readFileSync(path, 'utf8')
    const outside = await home.run('set', 'linux', 'memory=99999MiB')
    expect(outside.stderr).toMatch(/memory takes \d+ MiB to 1 GiB; 99999 MiB lies outside/) // twice what it starts with
    expect(outside.exitCode).toBe(4)
    const nonsense = await home.run('set', 'linux', 'memory=lots')
    expect(nonsense.stderr).toMatch(/memory/)
    expect(nonsense.exitCode).toBe(2)
    expect(readFileSync(path, 'utf8')).toBe(before)
  })

  it('a guest that is not running: 4, saying in which state it is', async () => {
    defineLinux()
    const { exitCode, stderr } = await home.run('pause', 'linux')
    expect(stderr).toMatch(/not been started/)
    expect(exitCode).toBe(4)
  })

  it.skipIf(process.getuid?.() !== 0)('no disk space for building the guests: 6, with what is needed and what is free (needs root to mount a small disk)', async () => {
    const small = mkdtempSync('/tmp/dt-small-')
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', small])
    const usual = home.env['DIPTYCH_CACHE']
    home.env['DIPTYCH_CACHE'] = small
    try {
      const { exitCode, stderr } = await home.run('up')
      expect(stderr).toMatch(/takes up to 2\.5 GiB in .*, where \d+ MiB are free/s)
      expect(stderr).toContain('DIPTYCH_CACHE')
      expect(exitCode).toBe(6)
    } finally {
      home.env['DIPTYCH_CACHE'] = usual
      execFileSync('umount', [small])
      rmSync(small, { recursive: true })
    }
  })

  it('more memory than this computer has: 4 when a guest is made and when it is changed, and a note below that', async () => {
    const total = Math.floor(totalmem() / 1_048_576)
    const words = mebibytesInWords(total, Math.floor)
    const made = await home.run('create', 'lab', '--empty', '--memory', '900GiB')
    expect(made).toMatchObject({ exitCode: 4, stderr: expect.stringContaining(`it needs 900 GiB, and this computer has ${words}`) })
    const noted = await home.run('create', 'lab', '--empty', '--memory', `${total - 16}MiB`)
    expect(noted).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/Note: It needs [\d.]+ [MGT]iB, and this computer can promise [\d.]+ [MGT]iB to guests.*--force/) })
    expect(await home.run('edit', 'lab', 'memory=900GiB')).toMatchObject({ exitCode: 4, stderr: expect.stringContaining(`this computer has ${words}`) })
    expect(await home.run('edit', 'lab', 'memory=1GiB')).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/next start\.$/m) })
  })

  it('names that lead nowhere: 3, whatever they name', async () => {
    defineLinux()
    for (const args of [['rename', 'nobody', 'somebody'], ['edit', 'nobody', 'memory=1GiB', '--plan'], ['create', '--iso', '/nosuch.iso'], ['os', '--iso', '/nosuch.iso'], ['import', '/nosuch.qcow2'], ['image', 'inspect', '/nosuch.qcow2']]) {
      const { exitCode, stderr } = await home.run(...args)
      expect(stderr, args.join(' ')).toMatch(/^There is no (guest|file) called/m)
      expect(exitCode, args.join(' ')).toBe(3)
    }
  })

  it('the network of the stage cannot be deleted: 4, and what can be done instead', async () => {
    expect(await home.run('network', 'delete', 'stage')).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('diptych network disconnect GUEST stage') })
  })
})
