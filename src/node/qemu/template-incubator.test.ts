import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { GuestName, MacAddress } from '../../contract/names.ts'
import type { MachineSpec } from '../../engine/engine.ts'
import type { QemuProbe } from './probe.ts'
import { Incubator } from './template-incubator.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync('/tmp/dt-incubator-')
})
afterEach(() => rmSync(home, { recursive: true }))

const spec: MachineSpec = {
  name: GuestName.parse('copy'),
  title: 'Copy',
  uuid: '11111111-0000-4000-8000-000000000001',
  profile: 'linux-modern',
  vcpus: 1,
  memoryMiB: 64,
  nics: [{ kind: 'uplink', mac: MacAddress.parse('52:54:00:aa:00:02') }],
  diskPath: '/nowhere/disk.qcow2',
  imageId: 'sha256:1',
  boot: { kind: 'disk' },
  parameters: {},
  clipboard: 'off',
  screen: { width: 1024, height: 768 },
} as unknown as MachineSpec // what an incubator reads of it

/** A program in QEMU's place that says why it gives up on standard error: at once, or when it is to load. */
function start(when: 'at once' | 'loading'): Promise<Incubator> {
  const binary = join(home, 'qemu.cjs')
  const words = 'qemu-system-x86_64: error while loading state for instance 0x0 of device ram'
  const giveUp = `process.stderr.write('${words}\\n', () => process.exit(1))`
  const serve = `const path = process.argv.map((arg) => /path=([^,]*qmp)\\b/.exec(arg)?.[1]).find(Boolean)
require('node:net').createServer((socket) => {
  socket.write(JSON.stringify({ QMP: { version: { qemu: { major: 7, minor: 2, micro: 0 }, package: '' }, capabilities: [] } }) + '\\r\\n')
  socket.on('data', (data) => { if (String(data).includes('migrate-incoming')) ${giveUp}; else for (const [, id] of String(data).matchAll(/"id":\\s*("[^"]*"|\\d+)/g)) socket.write('{"return": {}, "id": ' + id + '}\\r\\n') })
}).listen(path)`
  writeFileSync(binary, `#!${process.execPath}\n${when === 'at once' ? giveUp : serve}\n`)
  chmodSync(binary, 0o755)
  const probe = { binary, features: { machines: { q35: 'q35', pc: 'pc' }, netReconnect: null }, accelerator: { kind: 'tcg' } } as unknown as QemuProbe // what an incubator reads of it
  return Incubator.start({ probe, spec, plugged: [], ram: join(home, 'ram'), directory: join(home, 'i') }, null, undefined)
}

const said = { part: 'qemu', message: expect.stringContaining('error while loading state for instance 0x0 of device ram') as string }

it('keeps what QEMU said that ended at once, and nothing else', async () => {
  await expect(start('at once')).rejects.toMatchObject(said)
  expect(readdirSync(join(home, 'i'))).toEqual([])
})

it('keeps what QEMU said that ended while it loaded', async () => {
  const incubator = await start('loading')
  try {
    await expect(incubator.load()).rejects.toMatchObject(said)
  } finally {
    await incubator.end()
  }
  expect(readdirSync(join(home, 'i'))).toEqual([])
})
