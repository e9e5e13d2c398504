/** What QEMU wrote before it gave up, as one sentence and the way out. */
export interface StartFailure {
  readonly part: string
  readonly reason: string
  readonly remedy?: string
}

/**
 * QEMU's own words are the only account of a failed start, so they are always passed on; the few causes a person can
 * act on get a plainer sentence. `stderr` is the tail of the engine log of this attempt.
 */
export function explainStartFailure(name: string, stderr: string, ending: string): StartFailure {
  const lines = stderr
    .split('\n')
    .map((line) => line.replace(/^\S+Z qemu-system-\S+: /, '').replace(/^qemu-system-\S+: /, '').trim())
    .filter((line) => line !== '' && !line.startsWith('warning:') && !line.includes(' warning: '))
  const words = lines.slice(-3).join(' ')
  if (/Failed to get .*lock|Is another process using the image/.test(words)) {
    return { part: 'disk', reason: `The disk of ${name} is in use by another program: ${words}`, remedy: 'Stop the other machine or tool that has this disk open, then start again.' }
  }
  if (/not in qcow2 format|Image is corrupt|Could not open backing file/.test(words)) {
    return { part: 'disk', reason: `The disk of ${name} cannot be used: ${words}`, remedy: 'Check it with: qemu-img check FILE' }
  }
  if (/[Cc]annot set up guest memory|Cannot allocate memory/.test(words)) {
    return { part: 'memory', reason: `There is not enough free memory to start ${name}: ${words}`, remedy: 'Give it less memory, or stop another guest.' }
  }
  return { part: 'qemu', reason: words === '' ? `QEMU ended while starting ${name} (${ending}) without saying why` : `QEMU could not start ${name}: ${words}` }
}
