import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GuestName, MacAddress, stageNetwork } from '../../../src/contract/names.ts'
import type { Machine, MachineSpec, TemplateReport } from '../../../src/engine/engine.ts'
import { agentAnswers, Bench, entries, processesOf, tinyMac, until } from '../engine/fixture.ts'

const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')
const shell = async (machine: Machine, script: string) => (await machine.agent.exec('/bin/busybox', ['sh', '-c', script], 300_000)).stdout.trim()
const remembered = 'cat /tmp/note; dd if=/dev/vda bs=7 count=1 2>/dev/null; echo'
const cards = 'cat /sys/class/net/*/address'

describe('templates of running machines, on real QEMU', () => {
  let bench: Bench
  let source: Machine
  let directory: string
  let report: TemplateReport
  let frozen: Record<string, string>
  const details = new Set<string>()
  const at = (name: string) => join(directory, name)
  const digests = () => Object.fromEntries(['ram.img', 'disk.qcow2', 'device.state'].map((name) => [name, digest(at(name))]))

  beforeAll(async () => {
    bench = new Bench()
    directory = join(bench.home, 'template')
    source = await bench.engine.start(bench.spec, { from: { kind: 'cold' } })
    await agentAnswers(source)
    await shell(source, 'echo remembered > /tmp/note; printf on-disk | dd of=/dev/vda; sync')
    report = await source.makeTemplate({ directory, memory: true, backing: null, progress: (detail) => details.add(detail) })
    frozen = digests()
  })
  afterAll(() => bench.end())

  const cloneSpec = (number: number): MachineSpec => {
    const diskPath = join(bench.directories.data, `clone-${number}.qcow2`)
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', at('disk.qcow2'), diskPath])
    const mac = MacAddress.parse(`52:54:00:c1:00:0${number}`)
    return { ...bench.spec, name: GuestName.parse(`clone-${number}`), uuid: crypto.randomUUID(), nics: [{ kind: 'switch', mac, network: stageNetwork, socketPath: bench.switchPath }], diskPath }
  }
  const clone = (number: number) => bench.engine.start(cloneSpec(number), { from: { kind: 'cloned', directory } })

  test('the guest goes on as before, with its own card and balloon', async () => {
    expect(report).toMatchObject({ live: true, reason: null })
    expect(report.pausedMs).toBeGreaterThan(0)
    expect([...details]).toContain('copying its memory')
    expect(await source.status()).toBe('running')
    expect(await shell(source, `${remembered}; ${cards}`)).toMatch(new RegExp(`^remembered\non-disk\n${tinyMac}`))
    expect((await source.balloon()).actualMiB).toBe(bench.spec.memoryMiB)
    await shell(source, 'printf "changed" | dd of=/dev/vda; sync')
  })

  test('what was made is read only, and nothing is left of the making', () => {
    expect(entries(directory).sort()).toEqual(['device.state', 'disk.qcow2', 'manifest.json', 'ram.img', 'screen.png'])
    for (const name of ['ram.img', 'disk.qcow2', 'device.state']) expect(statSync(at(name)).mode & 0o777).toBe(0o400)
    expect(entries(join(bench.directories.runtime, 'i'))).toEqual([])
    expect(processesOf(bench.home)).toEqual([String(source.processId)])
    expect(execFileSync('qemu-img', ['info', '--output=json', at('disk.qcow2')], { encoding: 'utf8' })).not.toContain('backing')
  })

  test('a clone goes on from that instant, with a card of its own and no balloon', async () => {
    const machine = await clone(1)
    expect(machine.boot).toBe('cloned')
    await agentAnswers(machine)
    expect(await shell(machine, remembered)).toBe('remembered\non-disk')
    await until('its new card', async () => (await shell(machine, cards)).includes('52:54:00:c1:00:01'))
    expect(await shell(machine, cards)).not.toContain(tinyMac)
    await expect(machine.setMemory(100)).rejects.toThrow()
    await machine.quit()
  })

  test('clones share the saved memory, and none can change it', async () => {
    const machines = await Promise.all([clone(2), clone(3)])
    await Promise.all(machines.map((machine) => agentAnswers(machine)))
    // Fills and gives back most of the memory, and writes over what was saved.
    const busy = 'echo mine > /tmp/note; for i in 1 2 3; do dd if=/dev/zero of=/tmp/fill bs=1M count=70 2>/dev/null; rm /tmp/fill; done; printf changed | dd of=/dev/vda; sync; sleep 3; cat /tmp/note'
    expect(await Promise.all(machines.map((machine) => shell(machine, busy)))).toEqual(['mine', 'mine'])
    expect(digests()).toEqual(frozen)
    await Promise.all(machines.map((machine) => machine.quit()))
    expect(digests()).toEqual(frozen)
    expect(statSync(at('ram.img')).mode & 0o777).toBe(0o400)
  })

  test('a clone can be the source of another template', async () => {
    const machine = await clone(4)
    await agentAnswers(machine)
    await shell(machine, 'echo second > /tmp/note; printf generat | dd of=/dev/vda; sync')
    const second = join(bench.home, 'second')
    const made = await machine.makeTemplate({ directory: second, memory: true, backing: at('disk.qcow2'), progress: () => undefined })
    expect(made.live).toBe(true)
    expect(await shell(machine, `${remembered}; ${cards}`)).toMatch(/^second\ngenerat\n52:54:00:c1:00:04/)
    await machine.quit()
    const spec = cloneSpec(5)
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', join(second, 'disk.qcow2'), spec.diskPath])
    const grandchild = await bench.engine.start(spec, { from: { kind: 'cloned', directory: second } })
    await agentAnswers(grandchild)
    expect(await shell(grandchild, remembered)).toBe('second\ngenerat')
    await until('its new card', async () => (await shell(grandchild, cards)).includes('52:54:00:c1:00:05'))
    await grandchild.quit()
    expect(digests()).toEqual(frozen)
  })

  test('an abandoned template leaves nothing, and the guest as it was', async () => {
    const abort = new AbortController()
    const cancelled = join(bench.home, 'cancelled')
    const making = source.makeTemplate({ directory: cancelled, memory: true, backing: null, progress: (detail) => detail === 'letting the copy settle' && abort.abort(new Error('never mind')), signal: abort.signal })
    await expect(making).rejects.toThrow('never mind')
    expect(entries(cancelled)).toEqual([])
    expect(entries(join(bench.directories.runtime, 'i'))).toEqual([])
    expect(await source.status()).toBe('running')
    expect(await shell(source, 'cat /tmp/note')).toBe('remembered')
  })

  test('of a paused guest too: its disk, or its memory with it, and it stays paused', async () => {
    await source.pause()
    for (const memory of [false, true]) {
      const made = join(bench.home, `paused-${String(memory)}`)
      expect(await source.makeTemplate({ directory: made, memory, backing: null, progress: () => undefined })).toMatchObject({ live: memory, reason: null })
      expect(entries(made).includes('ram.img')).toBe(memory)
      expect(await source.status()).toBe('paused')
      execFileSync('qemu-img', ['check', '-q', join(made, 'disk.qcow2')])
    }
    await source.resume()
    expect(await shell(source, 'cat /tmp/note')).toBe('remembered')
    await source.quit()
  })

  test('a guest with a way to the internet gives a live one too, for clones with and without', async () => {
    const uplink = { kind: 'uplink', mac: MacAddress.parse('52:54:00:c1:00:17') } as const
    const spec = cloneSpec(7)
    const wide = { ...spec, nics: [...spec.nics, uplink] }
    const machine = await bench.engine.start(wide, { from: { kind: 'cold' } })
    await agentAnswers(machine)
    const made = join(bench.home, 'wide')
    expect(await machine.makeTemplate({ directory: made, memory: true, backing: null, progress: () => undefined })).toMatchObject({ live: true, reason: null })
    expect(await shell(machine, cards)).toContain(uplink.mac)
    await machine.quit()
    for (const nics of [wide.nics, spec.nics]) {
      const diskPath = join(bench.directories.data, `wide-${nics.length}.qcow2`)
      execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', join(made, 'disk.qcow2'), diskPath])
      const copy = await bench.engine.start({ ...wide, nics, diskPath }, { from: { kind: 'cloned', directory: made } })
      await agentAnswers(copy)
      await until('its new cards', async () => {
        const seen = await shell(copy, cards)
        return nics.every(({ mac }) => seen.includes(mac)) && seen.includes(uplink.mac) === nics.includes(uplink)
      })
      await copy.quit()
    }
  })

  test('a guest that knows no hot-plug gives a template of its disk alone', async () => {
    const spec = cloneSpec(6)
    const machine = await bench.engine.start({ ...spec, boot: spec.boot.kind === 'kernel' ? { ...spec.boot, commandLine: `${spec.boot.commandLine} acpi=off` } : spec.boot }, { from: { kind: 'cold' } })
    await agentAnswers(machine)
    const cold = join(bench.home, 'cold')
    const made = await machine.makeTemplate({ directory: cold, memory: true, backing: null, progress: () => undefined })
    expect(made).toMatchObject({ live: false, reason: expect.stringContaining('does not let go') as string })
    expect(entries(cold).sort()).toEqual(['disk.qcow2', 'screen.png'])
    await machine.quit()
  })
})
