import { renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LockHeld, takeLock } from '../../src/node/file/lock.ts'

/**
 * A process that takes a directory's lock again and again for so many milliseconds, each time leaving it as if it had
 * died. Says `twice` whenever somebody else held it at the same time, and in the end how often it had it.
 */
const [directory = '', milliseconds = '0', deadId = '1'] = process.argv.slice(2)
const inside = join(directory, 'inside')
const until = Date.now() + Number(milliseconds)
let taken = 0
while (Date.now() < until) {
  try {
    takeLock(directory)
  } catch (error) {
    if (error instanceof LockHeld || String(error).includes('keeps being taken')) continue
    throw error
  }
  taken += 1
  try {
    writeFileSync(inside, '', { flag: 'wx' })
    unlinkSync(inside)
  } catch {
    process.stdout.write('twice\n')
  }
  const corpse = join(directory, `corpse-${process.pid}`)
  writeFileSync(corpse, JSON.stringify({ processId: Number(deadId), startTicks: 1 }))
  renameSync(corpse, join(directory, 'lock'))
}
process.stdout.write(`taken ${taken}\n`)
