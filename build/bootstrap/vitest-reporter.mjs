import { writeFileSync } from 'node:fs'

/**
 * Vitest's reporter for `npm test`: writes counts, failures and the reasons of skipped tests as one JSON document to
 * DIPTYCH_TEST_RESULTS. (Vitest's own JSON reporter leaves out why a test was skipped, and errors outside of tests.)
 */
export default class ResultsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const results = { passed: 0, failed: [], skipped: [] }
    for (const testModule of modules) {
      for (const error of testModule.errors()) results.failed.push({ name: testModule.relativeModuleId, reason: error.message })
      for (const suite of testModule.children.allSuites()) for (const error of suite.errors()) results.failed.push({ name: suite.fullName, reason: error.message })
      for (const test of testModule.children.allTests()) add(results, test)
    }
    for (const error of unhandledErrors) results.failed.push({ name: 'outside of any test', reason: String(error.message) })
    writeFileSync(process.env.DIPTYCH_TEST_RESULTS, JSON.stringify(results))
  }
}

function add(results, test) {
  const result = test.result()
  const name = test.fullName
  if (result.state === 'passed') results.passed += 1
  else if (result.state === 'failed') results.failed.push({ name, reason: result.errors[0]?.message ?? '' })
  else if (result.state === 'pending' || (isMeantToRun(test) && hasFailedSuite(test))) results.failed.push({ name, reason: 'was not run' })
  else results.skipped.push({ name, reason: result.note ?? (test.options.mode === 'todo' ? 'to do' : 'no reason given') })
}

const isMeantToRun = (test) => test.options.mode !== 'skip' && test.options.mode !== 'todo'

/** A hook before all of a suite's tests failed, so that they are called skipped: nobody chose to skip them. */
function hasFailedSuite(test) {
  for (let suite = test.parent; suite !== undefined; suite = suite.parent) if (suite.errors().length > 0) return true
  return false
}
