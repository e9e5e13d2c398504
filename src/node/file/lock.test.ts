import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'vite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { identify } from '../process/process-identity.ts'
import { LockHeld, takeLock } from './lock.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'diptych-lock-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

describe('takeLock', () => {
  it('is taken once, names its holder, and leaves nothing behind', () => {
    const release = takeLock(directory)
    expect(() => takeLock(directory)).toThrow(LockHeld)
    try {
      takeLock(directory)
    } catch (error) {
      expect(error instanceof LockHeld && error.processId).toBe(process.pid)
    }
    release()
    expect(readdirSync(directory)).toEqual([])
    takeLock(directory)()
  })

  it('takes over from a process that is gone, one whose pid is somebody else now, and half a file', () => {
    const gone = spawnSync('true').pid
    for (const content of [JSON.stringify({ processId: gone, startTicks: 1 }), JSON.stringify({ processId: process.ppid, startTicks: 1 }), '{"proc']) {
      writeFileSync(join(directory, 'lock'), content)
      takeLock(directory)()
    }
  })

  it('leaves a live holder alone', () => {
    writeFileSync(join(directory, 'lock'), JSON.stringify({ processId: process.ppid, startTicks: identify(process.ppid)?.startTicks }))
    expect(() => takeLock(directory)).toThrow(LockHeld)
    expect(readdirSync(directory)).toEqual(['lock'])
  })

  it('is held by one of four processes that all find a dead holder’s, again and again', async () => {
    const out = join(directory, 'out')
    await build({
      configFile: false,
      logLevel: 'error',
      build: { ssr: fileURLToPath(new URL('../../../test/fake/lock-contender.ts', import.meta.url)), outDir: out, rolldownOptions: { output: { entryFileNames: 'contender.mjs' } } },
    })
    const place = mkdtempSync(join(directory, 'place-'))
    const gone = spawnSync('true').pid
    const run = promisify(execFile)
    const said = await Promise.all([1, 2, 3, 4].map(() => run(process.execPath, [join(out, 'contender.mjs'), place, '1500', String(gone)])))
    expect(said.map(({ stdout }) => stdout).join('')).not.toContain('twice')
    for (const { stdout } of said) expect(Number(/taken (\d+)/.exec(stdout)?.[1])).toBeGreaterThan(0)
    expect(readdirSync(place)).toEqual(['lock'])
  })
})
