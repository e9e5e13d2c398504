import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ByteStream } from '../../../src/engine/qemu/byte-stream.ts'
import { QmpSession } from '../../../src/engine/qemu/qmp-session.ts'
import { niceOnly } from '../../../src/node/cgroup/nice.ts'
import { directories } from '../../../src/node/paths.ts'
import { identify } from '../../../src/node/process/process-identity.ts'
import { runLayout } from '../../../src/node/qemu/layout.ts'
import { QemuMachine } from '../../../src/node/qemu/machine.ts'
import type { QemuProbe } from '../../../src/node/qemu/probe.ts'
import { fakeSpec } from '../../fake/machine.ts'

/** A QEMU that notes what it is told, and does not answer the question a save begins with until the test says so. */
function slowQemu() {
  const commands: string[] = []
  const held: (() => void)[] = []
  let isSlow = true
  const stream: ByteStream = {
    write(bytes) {
      const { id, execute } = JSON.parse(new TextDecoder().decode(bytes)) as { id: number; execute: string }
      commands.push(execute)
      const answer = execute === 'migrate-set-capabilities' ? { id, error: { class: 'GenericError', desc: 'no' } } : { id, return: {} }
      const send = () => stream.onData(new TextEncoder().encode(`${JSON.stringify(answer)}\n`))
      if (execute === 'query-status' && isSlow) held.push(send)
      else setImmediate(send)
    },
    close: () => undefined,
    onData: () => undefined,
    onClose: () => undefined,
  }
  const release = () => {
    isSlow = false
    held.splice(0).forEach((send) => send())
  }
  return { commands, session: new QmpSession(stream), release }
}

describe('a person or `diptych down` that lets a guest run on while it is being saved', () => {
  let home = ''
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'dh-'))
  })
  afterEach(() => rmSync(home, { recursive: true }))

  it('waits until the save is over, so that memory and disk are of one moment', async () => {
    const ramPath = join(home, 'ram')
    const ram = openSync(ramPath, 'w')
    const qemu = slowQemu()
    const cpuCap = niceOnly('a test')
    const features = { version: '7.2.0', balloon: false, clipboard: false, machines: { q35: 'q35', pc: 'pc' }, netReconnect: null }
    const probe = { features, accelerator: { kind: 'tcg' }, hostCpu: '' } as unknown as QemuProbe // what a save reads of it
    const machine = new QemuMachine({
      // UEFI: a BIOS is looked at before it is reset, which is a command of its own.
      record: { form: 1, spec: { ...fakeSpec, boot: { kind: 'disk', firmware: 'uefi' }, diskPath: join(home, 'none.qcow2') }, process: identify(process.pid) ?? { pid: 0, startTicks: 0 }, boot: 'cold', ramPath, savable: true, plugged: [], startedAtMs: 0 },
      layout: runLayout(directories({ DIPTYCH_HOME: home }), fakeSpec.name),
      qmp: qemu.session,
      child: null,
      probe,
      cpuCap,
      cleanUp: () => undefined,
      onSaved: () => undefined,
    })
    try {
      const save = machine.save(join(home, 'warm', 'linux')).catch((error: unknown) => error)
      await vi.waitFor(() => expect(qemu.commands).toContain('query-status'), { timeout: 300_000 })
      const others = Promise.all([machine.resume(), machine.reset(), machine.pause(), machine.powerDown()])
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(qemu.commands.filter((command) => ['cont', 'system_reset', 'stop', 'system_powerdown'].includes(command))).toEqual([])
      qemu.release()
      expect(String(await save)).toMatch(/migrate-set-capabilities/)
      await others
      expect(qemu.commands.slice(-4)).toEqual(['cont', 'system_reset', 'stop', 'system_powerdown'])
    } finally {
      machine.dispose()
      closeSync(ram)
    }
  })
})
