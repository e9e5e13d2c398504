import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Connection } from '../../src/contract/connection.ts'
import type { ControlChange, ControlName } from '../../src/contract/control.ts'
import type { GuestView } from '../../src/contract/guest.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { reasonOf } from '../../src/contract/refusal.ts'
import type { KeynoteDirection, KeynoteGuest, KeynoteReport, KeynoteSlider } from './report.ts'
import { ScreenWatch, pause } from './screen-watch.ts'

export interface SceneOptions {
  readonly directory: string
  /** Whether the guests ran before the keynote: then times from power-on say nothing. */
  readonly ranBefore: boolean
  /** How long each page may take to appear on the other's screen. */
  readonly patienceMs: number
  progress(text: string): void
}

const tool = '/usr/local/bin/diptych-guest'
const InfoLine = z.looseObject({ os: z.string(), version: z.string(), kernel: z.string(), hostName: z.string() })

/**
 * The whole keynote, unattended, through the contract, with the stage up: each guest seen browsing the other, three
 * sliders moved and moved back. Never throws for a fact that is not so: that is a failure in the report.
 */
export async function playKeynote(connection: Connection, options: SceneOptions): Promise<KeynoteReport> {
  const { client } = connection
  await mkdir(options.directory, { recursive: true, mode: 0o700 })
  const info = await client.host.info()
  const names = (await client.stage.get()).guests
  const watches = new Map(names.map((name): [GuestName, ScreenWatch] => [name, new ScreenWatch(connection, name)]))
  const failures: string[] = []
  try {
    options.progress('waiting until each shows the other’s page')
    const web = await Promise.all(
      names.flatMap((from) => names.filter((to) => to !== from).map((to) => proveDirection(connection, from, to, watches.get(from), options.patienceMs, failures))),
    )
    const guests = await Promise.all(names.map((name) => describeGuest(connection, name, options.ranBefore, watches.get(name), failures)))
    const screenshots = await Promise.all(names.map((name) => saveScreenshot(options.directory, name, watches.get(name), failures)))
    options.progress('moving three sliders')
    const sliders = await moveSliders(connection, names, failures)
    return {
      ok: failures.length === 0,
      failures,
      at: new Date().toISOString(),
      accelerator: info.accelerator,
      versions: { diptych: info.version, qemu: info.qemu, node: info.node },
      guests,
      web,
      sliders,
      screenshots: screenshots.filter((path) => path !== null),
    }
  } finally {
    await Promise.all([...watches.values()].map((watch) => watch.stop()))
  }
}

async function proveDirection(
  connection: Connection,
  from: GuestName,
  to: GuestName,
  watch: ScreenWatch | undefined,
  patienceMs: number,
  failures: string[],
): Promise<KeynoteDirection> {
  const { client } = connection
  const deadline = Date.now() + patienceMs
  const direction = `${from} → ${to}`
  let nonce: string | null = null
  let probe: Awaited<ReturnType<typeof client.web.probe>>[number] | undefined
  let seen = false
  let logged = false
  for (;;) {
    nonce = await readInGuest(connection, to, ['nonce'])
    if (probe?.status !== 200) [probe] = await client.web.probe({ from, to, timeoutMs: 10_000 }).catch(() => [])
    seen = nonce !== null && watch?.last?.text === nonce
    if (seen && !logged) logged = await isLogged(connection, from, to)
    if ((seen && logged && probe?.status === 200) || Date.now() > deadline) break
    await pause(300)
  }
  const nonceOnScreen = watch?.last?.text ?? null
  if (probe?.status !== 200) failures.push(`${direction}: HTTP status ${probe?.status ?? 0}${probe?.error ? ` (${probe.error})` : ''}`)
  if (nonce === null) failures.push(`${direction}: the nonce of ${to} could not be read through its agent`)
  else if (!seen) failures.push(`${direction}: the screen of ${from} shows ${nonceOnScreen === null ? 'no QR code' : `the nonce ${nonceOnScreen}`}, ${to} says ${nonce}`)
  if (!logged) failures.push(`${direction}: the web server's log of ${to} does not show the address of ${from}`)
  return {
    from,
    to,
    url: probe?.url ?? '',
    status: probe?.status ?? 0,
    milliseconds: probe?.milliseconds ?? 0,
    nonce,
    nonceOnScreen,
    seenOnScreen: seen,
    inAccessLog: logged,
  }
}

async function readInGuest(connection: Connection, name: GuestName, args: string[]): Promise<string | null> {
  try {
    const outcome = await connection.client.guest.exec({ name, path: tool, args, timeoutMs: 20_000 })
    const text = outcome.stdout.trim()
    return outcome.exitCode === 0 && text !== '' ? text : null
  } catch {
    return null // the agent does not answer (yet): the caller tries again until its patience ends
  }
}

async function isLogged(connection: Connection, from: GuestName, to: GuestName): Promise<boolean> {
  const address = (await connection.client.guest.get({ name: from })).view.network.ipv4
  const log = await readInGuest(connection, to, ['access-log', '50'])
  return address !== null && (log?.split('\n').some((line) => line.startsWith(`${address} `)) ?? false)
}

async function describeGuest(connection: Connection, name: GuestName, ranBefore: boolean, watch: ScreenWatch | undefined, failures: string[]): Promise<KeynoteGuest> {
  const { view } = await connection.client.guest.get({ name })
  const os = await readOs(connection, name)
  if (os === null) failures.push(`${name}: the guest did not tell its operating system`)
  const startedAtMs = view.startedAt === null ? null : Date.parse(view.startedAt)
  const screenMs = ranBefore || startedAtMs === null || watch?.first == null ? null : Math.max(0, watch.first.atMs - startedAtMs)
  const webMs = ranBefore ? null : await webAnsweringMs(connection, name)
  if (!ranBefore && webMs === null) failures.push(`${name}: its web server was not seen answering`)
  if (!ranBefore && screenMs === null) failures.push(`${name}: its screen never showed a page`)
  return { name, title: view.title, os, boot: view.boot, powerOnToWebMs: webMs, powerOnToScreenMs: screenMs }
}

async function webAnsweringMs(connection: Connection, name: GuestName): Promise<number | null> {
  return (await connection.client.guest.get({ name })).view.milestones.webAnsweringMs
}

async function readOs(connection: Connection, name: GuestName): Promise<KeynoteGuest['os']> {
  const text = await readInGuest(connection, name, ['info'])
  if (text === null) return null
  try {
    const info = InfoLine.parse(JSON.parse(text))
    return { name: info.os, version: info.version, kernel: info.kernel, hostName: info.hostName }
  } catch {
    return null // not the agreed line: reported as "did not tell"
  }
}

async function saveScreenshot(directory: string, name: GuestName, watch: ScreenWatch | undefined, failures: string[]): Promise<string | null> {
  const path = join(directory, `${name}.png`)
  try {
    await watch?.save(path)
    return path
  } catch (error) {
    failures.push(`${name}: no screenshot: ${reasonOf(error)}`)
    return null
  }
}

/** Half a CPU for the first guest, less memory for the second, a 10 Mbit/s link for the first; then back. */
async function moveSliders(connection: Connection, names: readonly GuestName[], failures: string[]): Promise<KeynoteSlider[]> {
  const [first, second] = names
  if (first === undefined || second === undefined) throw new Error('the keynote needs two guests')
  const moves: { guest: GuestName; control: ControlName; value(view: GuestView): number }[] = [
    { guest: first, control: 'cpuCap', value: () => 50 },
    { guest: second, control: 'memory', value: ({ controls: { memory } }) => Math.max(memory.minimum, (memory.requested ?? memory.maximum) - 64) },
    { guest: first, control: 'linkBandwidth', value: () => 10_000_000 },
  ]
  const sliders: KeynoteSlider[] = []
  for (const { guest, control, value } of moves) {
    const { view } = await connection.client.guest.get({ name: guest })
    const before = view.controls[control].requested
    const requested = value(view)
    try {
      const { results } = await connection.client.guest.set({ name: guest, change: change(control, requested), waitMs: 30_000 })
      const result = results[control]
      const followed = result?.status === 'settled'
      sliders.push({ guest, control, unit: view.controls[control].unit, before, requested, effective: result?.effective ?? null, followed })
      if (!followed) failures.push(`${guest}: ${control} was asked to be ${requested} ${view.controls[control].unit} and is ${result?.effective ?? 'unknown'}${result?.note ? ` (${result.note})` : ''}`)
      await connection.client.guest.set({ name: guest, change: change(control, before), waitMs: 0 })
    } catch (error) {
      sliders.push({ guest, control, unit: view.controls[control].unit, before, requested, effective: null, followed: false })
      failures.push(`${guest}: ${control}: ${reasonOf(error)}`)
    }
  }
  return sliders
}

function change(control: ControlName, value: number | null): ControlChange {
  if (control === 'memory') return value === null ? {} : { memory: value }
  return { [control]: value }
}
