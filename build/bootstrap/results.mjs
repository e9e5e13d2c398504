/**
 * What a stage of `npm test` came to: { passed, failed: [{ name, reason }], skipped: [{ name, reason }] }.
 */
export const emptyResults = () => ({ passed: 0, failed: [], skipped: [] })

/** A stage that is one check by itself: the type check, the linter, the build. */
export function singleResult(name, { code, timedOut, output }) {
  if (code === 0) return { ...emptyResults(), passed: 1 }
  return { ...emptyResults(), failed: [{ name, reason: timedOut ? 'took too long' : lastLines(output, 40) }] }
}

/** Playwright's JSON report in the same form. A test that passed only on a retry counts as failed: it is not reliable. */
export function playwrightResults(report) {
  const results = emptyResults()
  const visit = (suite, titles) => {
    for (const spec of suite.specs ?? []) {
      for (const test of spec.tests) addPlaywrightTest(results, [...titles, spec.title].filter(Boolean).join(' > '), test)
    }
    for (const inner of suite.suites ?? []) visit(inner, [...titles, inner.title])
  }
  for (const suite of report.suites ?? []) visit(suite, [suite.title])
  for (const error of report.errors ?? []) results.failed.push({ name: 'outside of any test', reason: error.message ?? '' })
  return results
}

function addPlaywrightTest(results, name, test) {
  if (test.status === 'expected') results.passed += 1
  else if (test.status === 'skipped') {
    const chosen = test.annotations?.find(({ type }) => type === 'skip' || type === 'fixme')
    // Those behind a failed one of a serial file are called skipped, too.
    if (chosen === undefined) results.failed.push({ name, reason: 'was not run' })
    else results.skipped.push({ name, reason: chosen.description ?? 'no reason given' })
  } else results.failed.push({ name, reason: test.status === 'flaky' ? 'passed only on a retry' : (test.results?.at(-1)?.error?.message ?? '') })
}

/**
 * A runner's results held against how it ended: a runner that crashed, was killed, or ran nothing has failed whatever
 * it wrote before.
 */
export function judgeRun(name, results, { code, signal, timedOut, output }) {
  const fail = (reason) => ({ ...results, failed: [...results.failed, { name, reason }] })
  if (timedOut) return fail('took too long and was ended')
  if (signal) return fail(`was ended by ${signal}`)
  if (results.passed + results.failed.length + results.skipped.length === 0) return fail(`ran no test\n${lastLines(output, 40)}`)
  if (code !== 0 && results.failed.length === 0) return fail(`exited with ${code} though no test failed\n${lastLines(output, 40)}`)
  return results
}

export function addUp(all) {
  return all.reduce((sum, one) => ({ passed: sum.passed + one.passed, failed: [...sum.failed, ...one.failed], skipped: [...sum.skipped, ...one.skipped] }), emptyResults())
}

/** The line CI reads; alone on the last line. */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`
}

function lastLines(text, count) {
  return text.trim().split('\n').slice(-count).join('\n')
}
