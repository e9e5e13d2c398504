import { expect, it } from 'vitest'
import { runAgain } from './run-again.ts'

/** A QEMU whose migration is told to have ended before it is finalized, and that refuses `cont` until then. */
function finalizing(looks: number) {
  const commands: string[] = []
  let left = looks
  const execute = async (command: string) => {
    if (command === 'query-status') return { status: left-- > 0 ? 'finish-migrate' : 'postmigrate' }
    if (command === 'cont' && left >= 0) throw new Error('Migration is not finalized yet')
    commands.push(command)
    return {}
  }
  return { execute, commands }
}

it('lets a guest run only when QEMU takes that, and pauses again one that was paused', async () => {
  const running = finalizing(3)
  await runAgain(running, true)
  const paused = finalizing(0)
  await runAgain(paused, false)
  expect([running.commands, paused.commands]).toEqual([['cont'], ['cont', 'stop']])
})
