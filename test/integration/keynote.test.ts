import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KeynoteReport } from '../../main/keynote/report.ts'
import type { Connection } from '../../src/contract/connection.ts'
import { TestHome, inGuest, linux, until, windows } from '../support/diptych.ts'

/**
 * The whole scene on real parts: two QEMUs, the switch, the CLI. One home for the file: starting two desktops under
 * emulation is dear, so the tests build on each other in order.
 */
const home = new TestHome()
let connection: Connection | null = null

async function host(): Promise<Connection> {
  if (connection === null) {
    await home.serve()
    connection = await home.connect()
    await bothAgentsLive(connection)
  }
  return connection
}

async function bothAgentsLive({ client }: Connection): Promise<void> {
  await until(async () => (await client.guest.list()).filter((guest) => guest.view.agent === 'live').length === 2, 'both agents to answer')
}

async function keynote(...args: string[]): Promise<{ exitCode: number; report: KeynoteReport }> {
  const { exitCode, stdout, stderr } = await home.run('keynote', '--headless', '--json', ...args)
  try {
    return { exitCode, report: JSON.parse(stdout) as KeynoteReport }
  } catch {
    throw new Error(`no report on stdout (exit code ${exitCode}): ${stdout} ${stderr}`)
  }
}

beforeAll(async () => {
  const up = await home.run('up') // builds the guests on a fresh machine
  if (up.exitCode !== 0) throw new Error(`diptych up ended with ${up.exitCode}: ${up.stderr}`)
  await home.run('down', '--force')
})
afterAll(async () => {
  connection?.close()
  await home.dispose()
})

function expectWhole(report: KeynoteReport): void {
  expect(report.failures).toEqual([])
  expect(report.ok).toBe(true)
  expect(report.guests.map((guest) => guest.os?.hostName)).toEqual(['linux', 'windows'])
  expect(report.guests[0]?.os?.name).toMatch(/Debian/)
  expect(report.guests[1]?.os?.name).toMatch(/^Windows stand-in \(Wine/)
  expect(report.web.map((each) => `${each.from}>${each.to} ${each.status}`)).toEqual(['linux>windows 200', 'windows>linux 200'])
  for (const each of report.web) {
    expect(each.nonce).toMatch(/^[0-9a-f]{32}$/)
    expect(each.nonceOnScreen).toBe(each.nonce)
    expect(each.inAccessLog).toBe(true)
  }
  expect(new Set(report.web.map((each) => each.nonce)).size).toBe(2)
  expect(report.sliders).toHaveLength(3)
  for (const slider of report.sliders) expect(slider.followed).toBe(true)
  for (const path of report.screenshots) {
    const { width, height } = PNG.sync.read(readFileSync(path))
    expect([width, height]).toEqual([1280, 800])
  }
}

describe('the keynote', () => {
  let firstNonces: (string | null)[] = []

  it('runs from a stopped pair, warm, and stops what it started', async () => {
    const { exitCode, report } = await keynote()
    expectWhole(report)
    expect(exitCode).toBe(0)
    expect(report.guests.map((guest) => guest.boot)).toEqual(['warm', 'warm'])
    for (const guest of report.guests) {
      expect(guest.powerOnToWebMs).toBeGreaterThan(0)
      expect(guest.powerOnToScreenMs).toBeGreaterThan(0)
    }
    firstNonces = report.web.map((each) => each.nonce)
    const list = JSON.parse((await home.run('list', '--json')).stdout) as { view: { state: string } }[]
    expect(list.map((guest) => guest.view.state)).not.toContain('running')
  })

  it('runs a second time, with nonces made anew, and a third time on the running pair', async () => {
    const second = await keynote('--keep')
    expectWhole(second.report)
    expect(second.exitCode).toBe(0)
    for (const each of second.report.web) expect(firstNonces).not.toContain(each.nonce)
    const third = await keynote('--keep')
    expectWhole(third.report)
    expect(third.exitCode).toBe(0)
  })

  it('ends with 1 when a web server is stopped in its guest, in either', async () => {
    const running = await host()
    for (const name of [windows, linux]) {
      await inGuest(running, name, 'web', 'stop')
      const { exitCode, report } = await keynote('--patience', '20')
      await inGuest(running, name, 'web', 'start')
      expect(exitCode).toBe(1)
      expect(report.failures.join('\n')).toContain(`→ ${name}: HTTP status 0`)
    }
  })

  it('ends with 1 when a link is cut', async () => {
    expect((await home.run('set', 'linux', 'link=down')).exitCode).toBe(0)
    const { exitCode, report } = await keynote('--patience', '20')
    expect((await home.run('set', 'linux', 'link=up')).exitCode).toBe(0)
    expect(exitCode).toBe(1)
    expect(report.web.every((each) => each.status === 0)).toBe(true)
  })

  it('ends with 1 when a guest says another nonce than the screen of the other shows', async () => {
    const running = await host()
    const { client } = running
    await client.guest.pause({ name: linux }) // its screen keeps the old page
    const before = await inGuest(running, windows, 'nonce')
    await inGuest(running, windows, 'wake')
    expect(await inGuest(running, windows, 'nonce')).not.toBe(before)
    await client.guest.set({ name: linux, change: { linkUp: false } }) // so that it cannot fetch the new page
    await client.guest.resume({ name: linux })
    const { exitCode, report } = await keynote('--patience', '20')
    await client.guest.set({ name: linux, change: { linkUp: true } })
    expect(exitCode).toBe(1)
    const direction = report.web.find((each) => each.from === 'linux')
    expect(direction?.seenOnScreen).toBe(false)
  })

  it('is whole again once the link is back', async () => {
    const { exitCode, report } = await keynote('--keep')
    expectWhole(report)
    expect(exitCode).toBe(0)
  })
})

describe('when the host is killed', () => {
  it('leaves guests, switch and web traffic unharmed, and the next host takes them over', async () => {
    const first = await host()
    const before = await Promise.all([linux, windows].map((name) => first.client.guest.get({ name })))
    const switchBefore = readFileSync(join(home.directory, 'run', 'switch.json'), 'utf8')
    const hitsBefore = (await inGuest(first, linux, 'access-log', '1000')).split('\n').length
    await home.crash()
    connection = null
    await new Promise((resolve) => setTimeout(resolve, 8_000)) // time without a host, in which pages are reloaded
    const second = await host()
    const after = await Promise.all([linux, windows].map((name) => second.client.guest.get({ name })))
    expect(after.map((guest) => guest.view.state)).toEqual(['running', 'running'])
    expect(after.map((guest) => guest.view.startedAt)).toEqual(before.map((guest) => guest.view.startedAt))
    expect(readFileSync(join(home.directory, 'run', 'switch.json'), 'utf8')).toBe(switchBefore)
    await until(async () => (await inGuest(second, linux, 'access-log', '1000')).split('\n').length > hitsBefore, 'a page to have been reloaded')
    const probes = await second.client.web.probe({ timeoutMs: 60_000 })
    expect(probes.map((probe) => probe.status)).toEqual([200, 200])
  })

  it('stops the pair gracefully and leaves no process or run behind', async () => {
    const { exitCode, stderr } = await home.run('down')
    expect(stderr).not.toMatch(/not shut down/)
    expect(exitCode).toBe(0)
    expect(existsSync(join(home.directory, 'run', 'g', 'linux'))).toBe(false)
    expect(existsSync(join(home.directory, 'run', 'sw.sock'))).toBe(false)
  })
})
