import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GuestName } from '../../../src/contract/names.ts'
import { directories } from '../../../src/node/paths.ts'
import { TestHome, until } from '../../support/diptych.ts'
import { processesOf } from '../engine/fixture.ts'

/** The built program itself, with two faults planted in its process that it hears of by signals. */
describe('an error that nobody caught, in the process that serves', () => {
  const name = GuestName.parse('bystander')
  let home: TestHome
  let served: { url: string; processId: number }

  beforeAll(async () => {
    home = new TestHome()
    const planted = join(home.directory, 'planted.mjs')
    writeFileSync(planted, "process.on('SIGUSR2', () => void Promise.reject(new Error('planted rejection')))\nprocess.on('SIGPWR', () => { throw new Error('planted exception') })\n")
    home.env['NODE_OPTIONS'] = `--import=${planted}`
    served = await home.serve()
    expect((await home.run('create', name, '--empty', '--memory', '64MiB', '--disk-size', '1GiB', '--start')).exitCode).toBe(0)
  })
  afterAll(async () => {
    await home.run('stop', name, '--force')
    await home.dispose()
    expect(processesOf(home.directory)).toEqual([])
  })

  const logged = () => readFileSync(join(directories(home.env).state, 'host.log'), 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as { level: number; msg: string; stack?: string })
  const stackOf = (text: string) => logged().find(({ stack }) => stack?.includes(text))?.stack

  it('goes on after a rejected promise, which is in the log with its stack, and told', async () => {
    const connection = await home.connect()
    try {
      process.kill(served.processId, 'SIGUSR2')
      await until(() => stackOf('planted rejection') !== undefined, 'the log to have it')
      expect(stackOf('planted rejection')).toContain('planted.mjs')
      for await (const { text } of await connection.client.host.messages()) if (/planted rejection.*host\.log/.test(text)) break
      expect((await connection.client.guest.get({ name })).view.state).toBe('running')
    } finally {
      connection.close()
    }
  })

  it('ends in order after an exception, and the next one finds the guest as it ran', async () => {
    const before = processesOf(home.directory)
    expect(before).toHaveLength(1)
    const { exitCode, stderr } = await home.ended(() => process.kill(served.processId, 'SIGPWR'))
    expect([exitCode, stderr]).toEqual([5, expect.stringMatching(/planted exception.*guests are kept.*host\.log/)])
    expect(stackOf('planted exception')).toContain('planted.mjs')
    expect(processesOf(home.directory)).toEqual(before)
    await home.serve()
    const listed = JSON.parse((await home.run('list', '--json')).stdout) as { view: { name: string; state: string } }[]
    expect(listed.find(({ view }) => view.name === name)?.view.state).toBe('running')
    expect(processesOf(home.directory)).toEqual(before)
  })
})
