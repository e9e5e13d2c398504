import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, copyFileSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { AgentSession } from '../../src/engine/qemu/agent-session.ts'
import { qemuGuestAgent } from '../../src/engine/qemu/guest-agent.ts'
import { asObject } from '../../src/engine/qemu/json.ts'
import { cardSlot } from '../../src/engine/qemu/pci-slots.ts'
import { QmpSession } from '../../src/engine/qemu/qmp-session.ts'
import { byteStream, connectWhenReady } from '../../src/node/qemu/unix-stream.ts'

/** A QEMU that Diptych started, to be started again by a bare script on files of its own. */
export interface BareOrder {
  readonly command: readonly string[]
  readonly runDirectory: string
  readonly diskPath: string
  /** The empty overlay that its fresh disk is a copy of; null for a copy of the guest's. */
  readonly overlay: string | null
  readonly directory: string
  /** Loads its memory from the stream, too. */
  readonly whole: boolean
  /** Is given a network card of its own before it runs, as a clone is; its wire leads nowhere. */
  readonly card: boolean
}

const connecting = { timeoutMs: 60_000, until: () => null }

/** What a 20-line script does: a fresh disk, spawn, QMP, load, go, ask the agent. */
export class BareMachine {
  readonly #order: BareOrder
  readonly #child: ChildProcess

  private constructor(order: BareOrder, state: string | null) {
    this.#order = order
    const [program = '', ...args] = order.command.map((word) => word.replaceAll(order.runDirectory, order.directory).replaceAll(order.diskPath, join(order.directory, 'disk.qcow2')))
    const descriptor = state === null ? null : openSync(state, 'r')
    const incoming = order.whole ? ['-incoming', 'defer'] : []
    this.#child = spawn(program, [...args, ...incoming], { stdio: ['ignore', 'ignore', 'ignore', descriptor ?? 'ignore'] })
    if (descriptor !== null) closeSync(descriptor)
  }

  /** Milliseconds from the start until the guest runs, and until its agent answers. */
  static async measure(order: BareOrder, state: string | null): Promise<{ running: number; answers: number }> {
    mkdirSync(order.directory, { recursive: true, mode: 0o700 })
    const begun = performance.now()
    prepare(order)
    const machine = new BareMachine(order, state)
    try {
      const qmp = await machine.#qmp()
      if (state !== null) await load(qmp, order)
      else await qmp.execute('query-status')
      const running = performance.now() - begun
      await machine.#answer()
      return { running, answers: performance.now() - begun }
    } finally {
      await machine.#end()
    }
  }

  /** Boots the guest and saves it, memory and all, into one file; answers its path. */
  static async saveWhole(order: BareOrder): Promise<string> {
    mkdirSync(order.directory, { recursive: true, mode: 0o700 })
    prepare(order)
    const path = `${order.directory}.state`
    const unconfined = order.command.filter((word, at) => word !== '-sandbox' && order.command[at - 1] !== '-sandbox') // `exec:` starts a program
    const machine = new BareMachine({ ...order, command: unconfined }, null)
    try {
      const qmp = await machine.#qmp()
      await machine.#answer()
      await qmp.execute('stop')
      await qmp.execute('migrate-set-parameters', { 'max-bandwidth': 2 ** 40 })
      await qmp.execute('migrate', { uri: `exec:cat > ${path}` })
      while (asObject(await qmp.execute('query-migrate'))['status'] !== 'completed') await pause(20)
      copyFileSync(join(order.directory, 'disk.qcow2'), `${order.directory}.qcow2`)
      return path
    } finally {
      await machine.#end()
    }
  }

  async #qmp(): Promise<QmpSession> {
    return new QmpSession(byteStream(await connectWhenReady(join(this.#order.directory, 'qmp'), connecting)))
  }

  async #answer(): Promise<void> {
    const session = new AgentSession(byteStream(await connectWhenReady(join(this.#order.directory, 'qga'), connecting)), { firstSyncId: 1 })
    const agent = qemuGuestAgent(() => Promise.resolve(session))
    for (;;) {
      const answered = await agent.ping(500).then(
        () => true,
        () => false,
      )
      if (answered) break
    }
    session.close()
  }

  async #end(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await gone
    rmSync(this.#order.directory, { recursive: true, force: true })
  }
}

/** An empty overlay is a file of a few hundred KiB, which the order has ready: a script would copy it, too. */
function prepare({ directory, overlay, diskPath, whole }: BareOrder): void {
  copyFileSync(whole ? `${directory}.qcow2` : (overlay ?? diskPath), join(directory, 'disk.qcow2'))
}

async function load(qmp: QmpSession, { whole, card }: BareOrder): Promise<void> {
  const loaded = qmp.event(({ name, data }) => name === 'MIGRATION' && data['status'] === 'completed', 60_000, 'loading')
  const capabilities = [{ capability: 'x-ignore-shared', state: !whole }, { capability: 'events', state: true }]
  await Promise.all([qmp.execute('migrate-set-capabilities', { capabilities }), qmp.execute('migrate-incoming', { uri: 'fd:3' })])
  await loaded
  if (card) {
    const device = { driver: 'virtio-net-pci', id: 'nic0', netdev: 'n0', bus: cardSlot(0), mac: '52:54:00:ba:5e:01', romfile: '' }
    await Promise.all([qmp.execute('netdev_add', { type: 'hubport', id: 'n0', hubid: 0 }), qmp.execute('device_add', device)])
  }
  await qmp.execute('cont')
}
