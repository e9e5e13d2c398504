import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Preparation, prepareStart } from '../../../main/prepare.ts'
import { demonstrationGuests } from '../../../src/guest/definition.ts'
import { fakeSpec } from '../../fake/machine.ts'

/** A qemu-img on a full disk: it begins a file and fails. */
const failing = '#!/bin/sh\nfor last; do :; done\n[ "$1" = create ] && : > "$last"\necho "No space left on device" >&2\nexit 1\n'

describe('a first start on a full disk', () => {
  const path = process.env['PATH'] ?? ''
  let home = ''
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'dh-'))
    mkdirSync(join(home, 'bin'))
    writeFileSync(join(home, 'bin', 'qemu-img'), failing)
    chmodSync(join(home, 'bin', 'qemu-img'), 0o755)
    process.env['PATH'] = `${join(home, 'bin')}${delimiter}${path}`
  })
  afterEach(() => {
    process.env['PATH'] = path
    rmSync(home, { recursive: true })
  })

  it('leaves the disk of the guest, and the one before it, where they were, however often it is tried', async () => {
    const [definition] = demonstrationGuests()
    if (definition === undefined) throw new Error('no demonstration guest')
    const diskPath = join(home, 'disk.qcow2')
    writeFileSync(diskPath, 'the work of today')
    writeFileSync(`${diskPath}.previous`, 'the work of yesterday')
    const preparation = {
      recipes: { find: async () => ({ directory: join(home, 'image'), manifest: {} }) },
      engine: { warmKey: async () => 'k'.repeat(64) },
      cache: join(home, 'cache'),
      guestDirectory: () => home,
      message: () => undefined,
    } as unknown as Preparation // what a start without a warm state asks for
    for (let turn = 0; turn < 3; turn += 1) {
      await expect(prepareStart(preparation, definition, { ...fakeSpec, diskPath }, 'auto')).rejects.toThrow(/could not be made/)
    }
    expect(readFileSync(diskPath, 'utf8')).toBe('the work of today')
    expect(readFileSync(`${diskPath}.previous`, 'utf8')).toBe('the work of yesterday')
  })
})
