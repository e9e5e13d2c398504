import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { MachineSpec } from '../../engine/engine.ts'
import { fakeSpec } from '../../../test/fake/machine.ts'
import { resetMachine } from './reset.ts'

let directory = ''
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'diptych-reset-'))))
afterEach(() => rmSync(directory, { recursive: true }))

const bios: MachineSpec = { ...fakeSpec, boot: { kind: 'disk', firmware: 'bios' } }

/** A QEMU whose BIOS has set its word of memory at the look numbered so. */
function qemu(setAt: number, status = 'running') {
  const commands: string[] = []
  let looks = 0
  const execute = async (command: string, given?: Record<string, unknown>) => {
    commands.push(command)
    if (command === 'query-status') return { status }
    if (command !== 'pmemsave') return {}
    looks += 1
    writeFileSync(String(given?.['filename']), Uint8Array.of(looks >= setAt ? 0x7f : 0, looks >= setAt ? 2 : 0))
    return {}
  }
  return { commands, execute }
}

test('a machine whose BIOS has done its work is reset at once, and nothing is left', async () => {
  const up = qemu(1)
  await resetMachine(up, bios, directory)
  expect(up.commands).toEqual(['pmemsave', 'system_reset'])
  expect(readdirSync(directory)).toEqual([])
})

test('one that was just powered on is waited for; one that stands still is let go on meanwhile', async () => {
  const young = qemu(3)
  await resetMachine(young, bios, directory)
  expect(young.commands).toEqual(['pmemsave', 'query-status', 'pmemsave', 'pmemsave', 'system_reset'])
  const paused = qemu(2, 'paused')
  await resetMachine(paused, bios, directory)
  expect(paused.commands).toEqual(['pmemsave', 'query-status', 'cont', 'pmemsave', 'stop', 'system_reset'])
})

test('neither UEFI nor a memory that cannot be read is waited for', async () => {
  const uefi = qemu(1)
  await resetMachine(uefi, { ...fakeSpec, boot: { kind: 'disk', firmware: 'uefi' } }, directory)
  expect(uefi.commands).toEqual(['system_reset'])
  const unreadable = qemu(1)
  await resetMachine(unreadable, bios, join(directory, 'gone'))
  expect(unreadable.commands).toEqual(['pmemsave', 'system_reset'])
})
