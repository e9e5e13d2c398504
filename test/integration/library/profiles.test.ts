import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Machine, MachineSpec } from '../../../src/engine/engine.ts'
import { Bench, recordEvents, until } from '../engine/fixture.ts'
import { bootable, hardwareIn, makeDisk } from './hardware.ts'

let bench: Bench
let spec: MachineSpec
beforeEach(() => {
  bench = new Bench()
  const diskPath = join(bench.directories.data, 'guests', 'tiny', 'disk.qcow2')
  makeDisk(diskPath)
  spec = { ...bench.spec, diskPath, imageId: 'bootable', memoryMiB: 384, discPath: null, boot: { kind: 'disk', firmware: 'bios' } }
})
afterEach(() => bench.end())

async function boot(changes: Partial<MachineSpec>) {
  const machine = await bench.engine.start({ ...spec, ...changes }, { from: { kind: 'cold' } })
  const events = recordEvents(machine)
  return { machine, events, found: await hardwareIn(events) }
}

/** Presses the power button and waits for the end. */
async function shutDown(machine: Machine): Promise<void> {
  const events = recordEvents(machine)
  await machine.powerDown()
  await until('the end', () => events.some((event) => event.type === 'exited'))
}

describe('hardware profiles on real QEMU', () => {
  test('linux-modern starts from its own disk by BIOS, and takes a disc while it runs', async () => {
    const { machine, found } = await boot({})
    expect(found).toMatchObject({ firmware: 'bios', secure: 'off', tpm: 'off', from: 'disk' })
    expect(found.pci).toEqual(expect.arrayContaining(['1041', '1001', '1045'])) // virtio network, disk, balloon
    const { disc } = bootable()
    await machine.changeDisc(disc)
    expect(machine.spec.discPath).toBe(disc)
    await machine.changeDisc(null)
    await machine.changeDisc(null)
    await expect(machine.changeDisc('/no/such.iso')).rejects.toThrow(/no\/such\.iso/)
    expect(machine.spec.discPath).toBeNull()
    await shutDown(machine)
  })

  test('an empty disk falls through to the disc; the disc comes first when that is wanted', async () => {
    const { disc } = bootable()
    const first = await boot({ discPath: disc, boot: { kind: 'disk', firmware: 'bios', first: 'cdrom' } })
    expect(first.found.from).toBe('disc')
    await first.machine.quit()
    const second = await boot({ discPath: disc })
    expect(second.found.from).toBe('disk')
    await second.machine.quit()
  })

  test('windows-modern starts a signed system by secure boot, with a TPM that ends with it', async () => {
    const { machine, found } = await boot({ profile: 'windows-modern', secureBoot: true, tpm: true, boot: { kind: 'disk', firmware: 'uefi' } })
    expect(found).toMatchObject({ firmware: 'uefi', secure: 'on', tpm: 'on', from: 'disk' })
    expect(found.pci).toEqual(expect.arrayContaining(['2922', '10d3', '000d'])) // AHCI, e1000e, xHCI
    expect(found.pci).not.toContain('1041')
    const folder = dirname(spec.diskPath)
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['nvram-secure.fd', 'tpm']))
    expect(readdirSync(join(folder, 'tpm')).length).toBeGreaterThan(0)
    await machine.quit()
    expect(existsSync(bench.runDirectory)).toBe(false)
    // The state is not locked any more: the next run has the same TPM.
    const again = await bench.engine.start({ ...spec, profile: 'windows-modern', tpm: true }, { from: { kind: 'cold' } })
    await again.quit()
  })

  test('legacy starts from IDE with a plain card, without anything paravirtual', async () => {
    const { machine, found } = await boot({ profile: 'legacy' })
    expect(found).toMatchObject({ firmware: 'bios', from: 'disk' })
    expect(found.pci).toEqual(expect.arrayContaining(['1237', '7010', '8139'])) // i440FX, PIIX3 IDE, RTL8139
    expect(found.pci.filter((id) => id.startsWith('10') && id !== '100e')).toEqual([])
    await shutDown(machine)
  })

  test('a disc that was moved away is named before anything is made', async () => {
    await expect(bench.engine.start({ ...spec, discPath: '/no/such.iso' }, { from: { kind: 'cold' } })).rejects.toMatchObject({ message: expect.stringContaining('/no/such.iso'), remedy: expect.stringContaining('cdrom=none') })
    expect(existsSync(bench.runDirectory)).toBe(false)
  })
})
