import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GuestName } from '../../../src/contract/names.ts'
import { entries, tinyGuest, until } from '../engine/fixture.ts'
import { endHome, Rig } from './rig.ts'

const one = GuestName.parse('one')
/** UEFI stores names of its variables in UTF-16. */
const bootOrder = Buffer.from('BootOrder', 'utf16le')

describe('snapshots of a guest with UEFI variables and a TPM', () => {
  const home = mkdtempSync('/tmp/dv-')
  let rig: Rig
  const at = (...path: string[]) => join(rig.directory('one'), ...path)
  const variables = () => readFileSync(at('nvram.fd'))
  const secrets = () => readFileSync(at('tpm', 'tpm2-00.permall'))
  /** As a guest that goes on would have them change. */
  const spoil = () => {
    writeFileSync(at('nvram.fd'), Buffer.from(variables()).fill(0xff))
    writeFileSync(at('tpm', 'tpm2-00.permall'), 'other')
    writeFileSync(at('tpm', 'since'), '')
  }

  beforeAll(async () => {
    rig = new Rig(home, tinyGuest(), ['one'], new Map(), 160, 'uefi')
    await rig.open()
  })
  afterAll(() => {
    rig.close()
    endHome(home)
  })

  test('one taken before the first start takes them away again', async () => {
    const blank = await rig.saved.snapshots.take(one, { title: 'blank' })
    mkdirSync(at('tpm'))
    for (const path of [at('nvram.fd'), at('tpm', 'tpm2-00.permall')]) writeFileSync(path, 'made since')
    await rig.saved.snapshots.restore(one, blank.id)
    expect(entries(rig.directory('one')).sort()).toEqual(['disk.qcow2', 'snapshots'])
  })

  test('one of the disk of a running guest brings them back with it', async () => {
    await rig.owner('one').request('start')
    await until('the firmware to have written its variables', () => variables().includes(bootOrder))
    const taken = await rig.saved.snapshots.take(one, { title: 'running', kind: 'disk' })
    const kept = at('snapshots', taken.id, 'beside')
    expect([entries(kept).sort(), entries(join(kept, 'tpm'))]).toEqual([['nvram.fd', 'tpm'], ['tpm2-00.permall']])
    expect(rig.owner('one').state).toBe('running')
    await rig.owner('one').request('forceStop')
    spoil()
    await rig.saved.snapshots.restore(one, taken.id)
    expect([variables().equals(readFileSync(join(kept, 'nvram.fd'))), entries(at('tpm')).filter((name) => name !== '.lock')]).toEqual([true, ['tpm2-00.permall']])
    expect(secrets()).toEqual(readFileSync(join(kept, 'tpm', 'tpm2-00.permall')))
    expect(entries(rig.directory('one')).sort()).toEqual(['disk.qcow2', 'nvram.fd', 'snapshots', 'tpm'])
  })

  test('a live one, too; the machine goes on with them', async () => {
    await rig.owner('one').request('start')
    const live = await rig.saved.snapshots.take(one, { title: 'live' })
    expect(live).toMatchObject({ kind: 'live', unusable: null })
    await rig.owner('one').request('forceStop')
    spoil()
    await rig.saved.snapshots.restore(one, live.id)
    expect([rig.owner('one').state, rig.machine().boot]).toEqual(['running', 'restored'])
    expect([variables().includes(bootOrder), existsSync(at('tpm', 'since')), secrets().toString() === 'other']).toEqual([true, false, false])
  })

  test('deleting it takes them along', async () => {
    for (const { id } of (await rig.saved.snapshots.tree(one)).snapshots) await rig.saved.snapshots.delete(one, id)
    expect(entries(at('snapshots')).filter((name) => name !== 'current.json')).toEqual([])
    expect(execFileSync('find', [rig.directory('one'), '-name', 'beside'], { encoding: 'utf8' })).toBe('')
  })
})
