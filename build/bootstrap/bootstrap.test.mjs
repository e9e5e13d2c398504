import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { run } from './child.mjs'
import { fingerprint } from './compile.mjs'
import { nodeProblem } from './node-version.mjs'
import { sameInstallation } from './npm-packages.mjs'
import { addUp, closingLine, emptyResults, judgeRun, playwrightResults, singleResult } from './results.mjs'
import { installCommand, missingPackages, packageNames } from './system-packages.mjs'
import ResultsReporter from './vitest-reporter.mjs'

const ended = (code, more = {}) => ({ code, signal: null, timedOut: false, output: 'the output', ...more })

describe('setup', () => {
  it.each([['v20.19.0', null], ['v20.20.2', null], ['v22.0.0', null], ['v20.18.9', /20\.19 or newer; this is v20\.18\.9/], ['v18.20.0', /nvm install 20/]])('judges Node %s', (version, problem) => {
    if (problem === null) expect(nodeProblem(version, '>=20.19')).toBeNull()
    else expect(nodeProblem(version, '>=20.19')).toMatch(problem)
  })

  it('reads package lists, comments and blank lines aside', () => {
    expect(packageNames('# why\nqemu-utils   # disks\n\n  ovmf\n')).toEqual(['qemu-utils', 'ovmf'])
  })

  it('finds what dpkg does not have installed, half-removed packages included', () => {
    expect(missingPackages(['a', 'b', 'c'], 'a installed\nb config-files\n')).toEqual(['b', 'c'])
    expect(installCommand(['b', 'c'])).toBe('sudo apt-get update && sudo apt-get install --yes --no-install-recommends b c')
  })

  it('sees when node_modules is not what the lockfile asks for', () => {
    const wanted = { packages: { '': {}, 'node_modules/a': { version: '1.0.0' }, 'node_modules/b-darwin': { version: '1.0.0', optional: true } } }
    const have = (packages) => sameInstallation(wanted, { packages })
    expect(have({ 'node_modules/a': { version: '1.0.0' } })).toBe(true)
    expect(have({ 'node_modules/a': { version: '1.0.1' } })).toBe(false)
    expect(have({})).toBe(false)
    expect(have({ 'node_modules/a': { version: '1.0.0' }, 'node_modules/b-darwin': { version: '2.0.0' } })).toBe(false)
  })

  it('builds again when a source is edited or added, not for a test', () => {
    const directory = mkdtempSync(join(tmpdir(), 'diptych-sources-'))
    try {
      const now = () => fingerprint(directory, ['.'])
      writeFileSync(join(directory, 'a.ts'), 'one')
      const first = now()
      writeFileSync(join(directory, 'a.test.ts'), 'test')
      expect(now()).toBe(first)
      utimesSync(join(directory, 'a.ts'), 1, 1)
      const edited = now()
      writeFileSync(join(directory, 'b.ts'), 'two')
      expect(new Set([first, edited, now()]).size).toBe(3)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('runs programs: output, exit code, a missing program, and one that takes too long', async () => {
    expect(await run('sh', ['-c', 'echo out; echo err >&2; exit 3'])).toMatchObject({ code: 3, output: expect.stringMatching(/out\n[^]*err\n|err\n[^]*out\n/) })
    expect((await run('/no/such/program', [])).code).toBe(127)
    expect(await run('sleep', ['60'], { timeoutMs: 50 })).toMatchObject({ signal: 'SIGTERM', timedOut: true })
  })
})

describe('results', () => {
  it('counts a single check as one test', () => {
    expect(singleResult('lint', ended(0))).toEqual({ passed: 1, failed: [], skipped: [] })
    expect(singleResult('lint', ended(1)).failed).toEqual([{ name: 'lint', reason: 'the output' }])
  })

  it('reads Playwright: nested suites, skip reasons, flaky counts as failed', () => {
    const test = (status, more = {}) => ({ title: status, tests: [{ status, results: [], ...more }] })
    const report = {
      suites: [{ title: 'a.spec.ts', specs: [test('expected'), test('flaky')], suites: [{ title: 'inner', specs: [test('unexpected', { results: [{ error: { message: 'boom' } }] }), test('skipped', { annotations: [{ type: 'skip', description: 'no Electron binary' }] })] }] }],
      errors: [],
    }
    expect(playwrightResults(report)).toEqual({
      passed: 1,
      failed: [{ name: 'a.spec.ts > flaky', reason: 'passed only on a retry' }, { name: 'a.spec.ts > inner > unexpected', reason: 'boom' }],
      skipped: [{ name: 'a.spec.ts > inner > skipped', reason: 'no Electron binary' }],
    })
  })

  it('counts what a failure kept from running as failed, and as skipped only what somebody chose to skip', () => {
    const spec = (title, annotations) => ({ title, tests: [{ status: 'skipped', annotations, results: [] }] })
    const { failed, skipped } = playwrightResults({ suites: [{ title: 'a.spec.ts', specs: [spec('behind', []), spec('chosen', [{ type: 'skip' }])] }] })
    expect([failed, skipped]).toEqual([[{ name: 'a.spec.ts > behind', reason: 'was not run' }], [{ name: 'a.spec.ts > chosen', reason: 'no reason given' }]])

    const file = join(mkdtempSync(join(tmpdir(), 'diptych-reporter-')), 'results.json')
    const testModule = { relativeModuleId: 'a.test.ts', errors: () => [], children: { allSuites: () => [suite], allTests: () => tests } }
    const suite = { fullName: 'inner', errors: () => [{ message: 'its hook failed' }], parent: testModule }
    const tests = [['behind', 'run', suite], ['chosen', 'skip', suite], ['by condition', 'run', testModule]].map(([fullName, mode, parent]) => ({ fullName, parent, options: { mode }, result: () => ({ state: 'skipped' }) }))
    vi.stubEnv('DIPTYCH_TEST_RESULTS', file)
    new ResultsReporter().onTestRunEnd([testModule], [])
    vi.unstubAllEnvs()
    const results = JSON.parse(readFileSync(file, 'utf8'))
    rmSync(dirname(file), { recursive: true })
    expect(results.failed).toEqual([{ name: 'inner', reason: 'its hook failed' }, { name: 'behind', reason: 'was not run' }])
    expect(results.skipped.map(({ name }) => name)).toEqual(['chosen', 'by condition'])
  })

  it('fails a runner that crashed, was killed, hung or ran nothing', () => {
    const good = { ...emptyResults(), passed: 3 }
    expect(judgeRun('x', good, ended(0))).toBe(good)
    const reasons = [judgeRun('x', good, ended(1)), judgeRun('x', good, ended(1, { signal: 'SIGKILL' })), judgeRun('x', good, ended(1, { timedOut: true })), judgeRun('x', emptyResults(), ended(0))].map(({ failed }) => failed[0]?.reason)
    expect(reasons).toEqual([expect.stringMatching(/exited with 1 though no test failed/), 'was ended by SIGKILL', 'took too long and was ended', expect.stringMatching(/^ran no test/)])
  })

  it('adds up and closes with the line CI reads', () => {
    const total = addUp([{ ...emptyResults(), passed: 2 }, { passed: 1, failed: [{ name: 'f' }], skipped: [{ name: 's' }, { name: 't' }] }])
    expect(closingLine(total)).toBe('3 passed, 1 failed, 2 skipped')
  })
})
