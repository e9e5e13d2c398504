import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { directories } from '../../../src/node/paths.ts'
import { identify } from '../../../src/node/process/process-identity.ts'
import { adoptMachines } from '../../../src/node/qemu/adopt.ts'
import { runLayout } from '../../../src/node/qemu/layout.ts'
import type { QemuProbe } from '../../../src/node/qemu/probe.ts'
import { fakeSpec } from '../../fake/machine.ts'
import { niceOnly } from '../../../src/node/cgroup/nice.ts'

/** Something that answers at the control socket with the right uuid; it takes `quit` and stays. */
function impostor(path: string, options: { tellsStatus: boolean; connections?: Set<Socket> } = { tellsStatus: true }): Server {
  return createServer((socket) => {
    options.connections?.add(socket)
    socket.on('error', () => undefined).on('close', () => options.connections?.delete(socket))
    socket.write('{"QMP": {"version": {"qemu": {"major": 7, "minor": 2, "micro": 0}}}}\n')
    socket.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString().trim().split('\n')) {
        const { id, execute } = JSON.parse(line) as { id: number; execute: string }
        if (execute === 'query-status' && !options.tellsStatus) {
          socket.write(`${JSON.stringify({ id, error: { class: 'GenericError', desc: 'not now' } })}\n`)
          continue
        }
        const value = execute === 'query-uuid' ? { UUID: fakeSpec.uuid } : execute === 'query-status' ? { status: 'running' } : {}
        socket.write(`${JSON.stringify({ id, return: value })}\n`)
      }
    })
  }).listen(path)
}

describe('a run record that names a process which is not its QEMU', () => {
  let home = ''
  let stranger: ChildProcess
  let server: Server
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'dh-'))
    stranger = spawn('sleep', ['600'], { stdio: 'ignore' })
  })
  afterEach(async () => {
    const gone = stranger.exitCode === null && stranger.signalCode === null ? once(stranger, 'exit') : null
    stranger.kill('SIGKILL')
    await gone
    server.close()
    rmSync(home, { recursive: true })
  })

  /** Adopts what a record says that names `stranger`, with `server` at its control socket. */
  async function adopt(listen: (path: string) => Server) {
    const places = directories({ DIPTYCH_HOME: home })
    const layout = runLayout(places, fakeSpec.name)
    mkdirSync(layout.directory, { recursive: true, mode: 0o700 })
    mkdirSync(layout.logs.directory, { recursive: true, mode: 0o700 })
    writeFileSync(layout.record, JSON.stringify({ form: 1, spec: fakeSpec, process: identify(stranger.pid ?? 0), boot: 'cold', ramPath: null, savable: false, startedAtMs: 0 }))
    server = listen(layout.qmp)
    await once(server, 'listening')
    const warnings: string[] = []
    const adoptions = await adoptMachines({
      directories: places,
      probe: async () => ({ features: { version: '7.2.0', balloon: false, clipboard: false } }) as unknown as QemuProbe, // what adopting reads of it
      cpuCap: niceOnly('a test'),
      logger: { info: () => undefined, warn: (details, text) => warnings.push(`${text} ${JSON.stringify(details)}`) },
      onSaved: () => undefined,
    })
    return { adoptions, warnings }
  }

  it('is not adopted: ending that guest would kill the process', async () => {
    const { adoptions, warnings } = await adopt((path) => impostor(path))
    for (const { machine } of adoptions) await machine.quit()
    expect([stranger.exitCode, stranger.signalCode]).toEqual([null, null])
    expect(adoptions).toEqual([])
    expect(warnings.join()).toContain(`process ${stranger.pid} is not`)
  })

  it('is let go of when it does not tell its state', async () => {
    stranger.kill('SIGKILL')
    stranger = spawn('sh', ['-c', 'sleep 600; :', fakeSpec.uuid], { stdio: 'ignore' })
    const connections = new Set<Socket>()
    const { adoptions, warnings } = await adopt((path) => impostor(path, { tellsStatus: false, connections }))
    expect(adoptions).toEqual([])
    expect(warnings.join()).toContain('could not be adopted')
    await expect.poll(() => connections.size).toBe(0)
  })
})
