export interface JunitCase {
  readonly name: string
  readonly seconds: number
  /** Why it failed; null when it passed. */
  readonly failure: string | null
  readonly output: string
}

/** A report in the form Jenkins, GitLab and GitHub's reporters read: one suite, one case each. */
export function junitReport(suite: string, cases: readonly JunitCase[]): string {
  const failures = cases.filter((each) => each.failure !== null).length
  const total = cases.reduce((sum, each) => sum + each.seconds, 0)
  const counts = `tests="${cases.length}" failures="${failures}" errors="0" time="${total.toFixed(3)}"`
  const lines = cases.map(({ name, seconds, failure, output }) => {
    const failed = failure === null ? '' : `<failure message="${escapeXml(failure)}"/>`
    return `    <testcase classname="${escapeXml(suite)}" name="${escapeXml(name)}" time="${seconds.toFixed(3)}">${failed}<system-out>${escapeXml(output)}</system-out></testcase>`
  })
  return ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites ${counts}>`, `  <testsuite name="${escapeXml(suite)}" ${counts}>`, ...lines, '  </testsuite>', '</testsuites>', ''].join('\n')
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

/** XML 1.0 text; characters it cannot hold become U+FFFD. */
function escapeXml(text: string): string {
  // oxlint-disable-next-line no-control-regex -- exactly the characters XML 1.0 forbids (§2.2)
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd').replace(/[&<>"']/g, (character) => escapes[character] ?? '')
}
