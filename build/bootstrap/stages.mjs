import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './child.mjs'
import { ensureBuilt } from './compile.mjs'
import { emptyResults, judgeRun, playwrightResults, singleResult } from './results.mjs'
import { root } from './setup.mjs'

const cwd = fileURLToPath(root)
const bin = (name) => join(cwd, 'node_modules/.bin', name)
const minutes = (count) => count * 60_000

/**
 * Everything CI runs, cheapest first; each resolves with its results and never rejects for a failing test. The limits end
 * what hangs: they are several times what a slow, busy machine takes.
 */
export const stages = [
  { id: 'types', title: 'Type check', run: () => single('type check (tsc -b)', bin('tsc'), ['-b', '--pretty', 'false'], minutes(30)) },
  { id: 'lint', title: 'Lint', run: () => single('lint (oxlint)', bin('oxlint'), ['--deny-warnings'], minutes(15)) },
  { id: 'build', title: 'Build', run: build },
  { id: 'unit', title: 'Unit tests', run: () => vitest('unit', minutes(30)) },
  { id: 'renderer', title: 'Renderer tests', run: () => vitest('renderer', minutes(30)) },
  { id: 'contract', title: 'Contract tests', run: () => vitest('contract', minutes(30)) },
  { id: 'integration', title: 'Integration tests on real parts', run: () => vitest('integration', minutes(120)) },
  { id: 'e2e', title: 'End-to-end tests in a browser', run: () => playwright(minutes(120)) },
]

async function single(name, file, args, timeoutMs) {
  return singleResult(name, await run(file, args, { cwd, timeoutMs }))
}

async function build() {
  try {
    await ensureBuilt(root)
    return { ...emptyResults(), passed: 1 }
  } catch (error) {
    return { ...emptyResults(), failed: [{ name: 'build (electron-vite)', reason: error.message }] }
  }
}

function vitest(project, timeoutMs) {
  const reporter = join(cwd, 'build/bootstrap/vitest-reporter.mjs')
  return withResultFile(async (file) => {
    const env = { ...process.env, DIPTYCH_TEST_RESULTS: file, NO_COLOR: '1' }
    const ended = await run(bin('vitest'), ['run', '--project', project, '--reporter=default', `--reporter=${reporter}`], { cwd, env, show: true, timeoutMs })
    return judgeRun(`vitest ${project}`, readJson(file) ?? emptyResults(), ended)
  })
}

function playwright(timeoutMs) {
  return withResultFile(async (file) => {
    const env = { ...process.env, PLAYWRIGHT_JSON_OUTPUT_NAME: file, NO_COLOR: '1' }
    const ended = await run(bin('playwright'), ['test', '--config', 'playwright.config.ts', '--reporter=list,json'], { cwd, env, show: true, timeoutMs })
    return judgeRun('playwright', playwrightResults(readJson(file) ?? {}), ended)
  })
}

async function withResultFile(work) {
  const directory = mkdtempSync(join(tmpdir(), 'diptych-results-'))
  try {
    return await work(join(directory, 'results.json'))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** A runner that died before it wrote its results has none. */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return null
  }
}
