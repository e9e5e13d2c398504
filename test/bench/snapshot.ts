import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findResources } from '../../main/resources.ts'
import { GuestName, MacAddress, stageNetwork } from '../../src/contract/names.ts'
import type { Machine, MachineSpec } from '../../src/engine/engine.ts'
import { QmpSession } from '../../src/engine/qemu/qmp-session.ts'
import { RfbClient } from '../../src/screen/rfb-client.ts'
import type { Directories } from '../../src/node/paths.ts'
import { createQemuEngine, type QemuEngine } from '../../src/node/qemu/engine.ts'
import { byteStream, connectUnix, connectWhenReady } from '../../src/node/qemu/unix-stream.ts'
import { type BenchDocument, figure, machine as machineOf } from './document.ts'
import { openUnixScreen } from './unix-screen.ts'

const runs = 5
const memoryMiB = 512
/** What the guest has filled with noise: no zeros to leave out. */
const usedMiB = 128

/**
 * How long a guest stands still while a snapshot of its memory and disk is taken, and how soon it ticks again after going
 * back: the largest gap, and the first one, of lines that the guest writes to its serial console every few milliseconds; and
 * how soon a screen that is opened then has its whole picture. Beside QEMU's own `savevm` and `-loadvm` of the same guest in the same machine.
 */
export async function run(): Promise<BenchDocument> {
  const home = mkdtempSync('/tmp/db-')
  const rig = new SnapshotRig(home)
  try {
    const pause = { ours: [] as number[], savevm: [] as number[] }
    const back = { ours: [] as number[], loadvm: [] as number[] }
    const screen = { ours: [] as number[], loadvm: [] as number[] }
    let quietest = Number.POSITIVE_INFINITY
    for (let run = 0; run < runs; run += 1) {
      const ours = await rig.ours(run)
      const plain = await rig.plain()
      pause.ours.push(ours.gapMs)
      pause.savevm.push(plain.gapMs)
      back.ours.push(ours.backMs)
      back.loadvm.push(plain.backMs)
      screen.ours.push(ours.screenMs)
      screen.loadvm.push(plain.screenMs)
      quietest = Math.min(quietest, ours.usualMs)
      process.stderr.write(`${run + 1}/${runs}: pause ${Math.round(ours.gapMs)} ms, savevm ${Math.round(plain.gapMs)} ms; back ${Math.round(ours.backMs)} ms, loadvm ${Math.round(plain.backMs)} ms\n`)
    }
    const figures = [
      figure('snapshot', 'pause-beside-savevm', 'ms', 'lower', pause.ours, pause.savevm),
      figure('snapshot', 'restore-to-first-line-beside-loadvm', 'ms', 'lower', back.ours, back.loadvm),
      figure('snapshot', 'restore-to-screen-beside-loadvm', 'ms', 'lower', screen.ours, screen.loadvm),
      figure('snapshot', 'usual-gap', 'ms', 'lower', [quietest], null),
    ]
    const { accelerator, version } = await rig.engine.describe()
    return { bench: 'snapshot', machine: machineOf(accelerator.kind, version), figures }
  } finally {
    await rig.end()
  }
}

interface Measured {
  readonly gapMs: number
  readonly usualMs: number
  readonly backMs: number
  readonly screenMs: number
}

/** One tiny guest with much in its memory, saved by us and by QEMU itself in turns. */
class SnapshotRig {
  readonly engine: QemuEngine
  readonly #home: string
  readonly #directories: Directories
  readonly #spec: MachineSpec
  readonly #switch
  #pid: number | null = null

  constructor(home: string) {
    this.#home = home
    this.#directories = { data: join(home, 'data'), cache: join(home, 'cache'), state: join(home, 'state'), runtime: join(home, 'run') }
    mkdirSync(this.#directories.data)
    this.engine = createQemuEngine({ directories: this.#directories })
    this.#switch = createServer((socket) => socket.on('error', () => undefined).resume()).listen(join(home, 'sw'))
    const tiny = join(process.env['DIPTYCH_CACHE'] ?? join(homedir(), '.cache', 'diptych'), 'diptych-tiny-guest-1')
    execFileSync(join(findResources().root, 'test', 'integration', 'engine', 'build-tiny-guest.sh'), [tiny], { stdio: ['ignore', 'inherit', 'inherit'] })
    const diskPath = join(this.#directories.data, 'disk.qcow2')
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', join(tiny, 'disk.qcow2'), diskPath])
    this.#spec = {
      name: GuestName.parse('tiny'), uuid: crypto.randomUUID(), profile: 'linux-modern', vcpus: 1, memoryMiB, diskPath, imageId: 'tiny-1', parameters: {}, clipboard: 'off',
      nics: [{ kind: 'switch', mac: MacAddress.parse('52:54:00:d1:00:01'), network: stageNetwork, socketPath: join(home, 'sw') }],
      boot: { kind: 'kernel', kernelPath: join(tiny, 'vmlinux'), initrdPath: join(tiny, 'initrd.img'), commandLine: 'console=ttyS0 quiet loglevel=3' },
      screen: { width: 1024, height: 768 },
    }
  }

  /** Our snapshot of the running guest, then going back to it. */
  async ours(run: number): Promise<Measured> {
    const machine = await this.#started()
    const ticks: number[] = []
    machine.subscribe((event) => void (event.type === 'console' && ticks.push(performance.now())))
    await untilTicking(ticks)
    const directory = join(this.#home, `state-${run}`)
    const mark = `mark-${run}`
    const gapMs = await gapDuring(ticks, async () => void (await machine.saveState({ directory, diskSnapshot: mark, afterwards: 'run' })))
    const usualMs = await gapDuring(ticks, () => sleep(500))
    await machine.quit()
    const begun = performance.now()
    execFileSync('qemu-img', ['snapshot', '-q', '-a', mark, this.#spec.diskPath])
    const again = await this.engine.start(this.#spec, { from: { kind: 'restored', directory } })
    this.#pid = again.processId
    const firstLine = new Promise<number>((resolve) => again.subscribe((event) => void (event.type === 'console' && resolve(performance.now()))))
    const [first, picture] = await Promise.all([firstLine, wholePicture(again.screenSocketPath)])
    await again.quit()
    execFileSync('qemu-img', ['snapshot', '-q', '-d', mark, this.#spec.diskPath])
    rmSync(directory, { recursive: true })
    return { gapMs, usualMs, backMs: first - begun, screenMs: picture - begun }
  }

  /** The same by `savevm`, through the sockets of a machine that we let go of, and by a new QEMU with `-loadvm`. */
  async plain(): Promise<Measured> {
    const machine = await this.#started()
    const args = readFileSync(`/proc/${machine.processId}/cmdline`, 'utf8').split('\0').slice(0, -1)
    const run = join(this.#directories.runtime, 'g', 'tiny')
    const { processId } = machine
    machine.dispose()
    const ticks: number[] = []
    const serial = await connectWhenReady(join(run, 'ser'), { timeoutMs: 10_000, until: () => null })
    serial.on('data', () => ticks.push(performance.now()))
    const qmp = new QmpSession(byteStream(await connectUnix(join(run, 'qmp'))))
    await untilTicking(ticks)
    const gapMs = await gapDuring(ticks, async () => {
      const answer = await qmp.execute('human-monitor-command', { 'command-line': 'savevm plain' }, 120_000)
      if (answer !== '') throw new Error(`savevm: ${String(answer)}`)
    })
    const usualMs = await gapDuring(ticks, () => sleep(500))
    await endQemu(qmp, processId)
    serial.destroy()
    const begun = performance.now()
    const child = spawn(args[0] ?? '', [...args.slice(1), '-loadvm', 'plain'], { stdio: 'ignore' })
    this.#pid = child.pid ?? null
    const line = await connectWhenReady(join(run, 'ser'), { timeoutMs: 20_000, until: () => (child.exitCode === null ? null : 'QEMU ended') })
    const firstLine = new Promise<number>((resolve) => line.once('data', () => resolve(performance.now())))
    const [first, picture] = await Promise.all([firstLine, wholePicture(join(run, 'vnc'))])
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
    line.destroy()
    execFileSync('qemu-img', ['snapshot', '-q', '-d', 'plain', this.#spec.diskPath])
    rmSync(run, { recursive: true, force: true })
    return { gapMs, usualMs, backMs: first - begun, screenMs: picture - begun }
  }

  async end(): Promise<void> {
    try {
      if (this.#pid !== null) process.kill(this.#pid, 'SIGKILL')
    } catch {
      // it has ended by itself
    }
    await this.engine.settled()
    this.#switch.close()
    rmSync(this.#home, { recursive: true, force: true })
  }

  /** From power-on to a guest full of noise that writes a line every few milliseconds. */
  async #started(): Promise<Machine> {
    const machine = await this.engine.start(this.#spec, { from: { kind: 'cold' } })
    this.#pid = machine.processId
    for (;;) {
      const answered = await machine.agent.ping(2_000).then(
        () => true,
        () => false,
      )
      if (answered) break
      await sleep(100) // while its port is closed the answer comes at once
    }
    const script = `mount -o remount,size=90% /tmp; dd if=/dev/urandom of=/tmp/noise bs=1M count=${usedMiB} 2>/dev/null; (while true; do echo . > /dev/console; usleep 2000; done) >/dev/null 2>&1 &`
    await machine.agent.exec('/bin/busybox', ['sh', '-c', script], 120_000)
    return machine
  }
}

/** Opens the screen and answers when it has been painted once as a whole (performance.now). */
async function wholePicture(path: string): Promise<number> {
  const trial = await connectWhenReady(path, { timeoutMs: 20_000, until: () => null })
  trial.destroy()
  const client = new RfbClient(openUnixScreen(path))
  try {
    await client.open()
    await client.update(false)
    return performance.now()
  } finally {
    client.close()
  }
}

async function endQemu(qmp: QmpSession, pid: number): Promise<void> {
  await qmp.execute('quit').catch(() => undefined) // it may be gone before it answers
  qmp.close()
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await sleep(20)
  }
  throw new Error(`process ${pid} does not end`)
}

async function untilTicking(ticks: readonly number[]): Promise<void> {
  const count = ticks.length
  for (let tries = 0; tries < 1_000 && ticks.length < count + 50; tries += 1) await sleep(20)
  if (ticks.length < count + 50) throw new Error('the guest does not write to its console')
}

/** The largest time between two ticks while the work is done, and until ten more came after it. */
async function gapDuring(ticks: number[], work: () => Promise<void>): Promise<number> {
  const from = Math.max(0, ticks.length - 1)
  await work()
  const after = ticks.length
  for (let tries = 0; tries < 1_000 && ticks.length < after + 10; tries += 1) await sleep(10)
  const seen = ticks.slice(from)
  return Math.max(...seen.slice(1).map((at, index) => at - (seen[index] ?? at)))
}
