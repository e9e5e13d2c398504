import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Cancelled } from '../src/contract/refusal.ts'
import { demonstrationGuests } from '../src/guest/definition.ts'
import { fakeSpec } from '../test/fake/machine.ts'
import { type Preparation, prepareStart } from './prepare.ts'

const path = process.env['PATH'] ?? ''
let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'diptych-prepare-'))
})
afterEach(() => {
  process.env['PATH'] = path
  rmSync(home, { recursive: true })
})

/** A qemu-img that says which process it is, begins to write, and never ends. */
function slowQemuImg(): void {
  const program = join(home, 'qemu-img')
  writeFileSync(program, `#!/bin/sh\necho $$ >${home}/pid\nfor file; do :; done\n: >"$file"\nexec sleep 600\n`)
  chmodSync(program, 0o755)
  process.env['PATH'] = `${home}${delimiter}${path}`
}

describe('a start that is cancelled while its disk is made', () => {
  it('ends qemu-img and leaves everything as it was', async () => {
    const [definition = expect.fail('there are demonstration guests')] = demonstrationGuests()
    const guest = join(home, 'guest')
    mkdirSync(guest)
    slowQemuImg()
    const preparation = {
      recipes: { find: async () => ({ directory: home, manifest: {} }) },
      engine: { warmKey: async () => 'key' },
      cache: home,
      guestDirectory: () => guest,
      message: () => undefined,
    } as unknown as Preparation // what a cold start reads of it
    const abort = new AbortController()
    const preparing = prepareStart(preparation, definition, { ...fakeSpec, diskPath: join(guest, 'disk.qcow2') }, 'cold', abort.signal)
    preparing.catch(() => undefined)
    await expect.poll(() => existsSync(join(home, 'pid')) && readdirSync(guest)).toEqual(['disk.qcow2.new'])
    abort.abort(new Cancelled('the start'))
    await expect(preparing).rejects.toThrow(Cancelled)
    expect(() => process.kill(Number(readFileSync(join(home, 'pid'), 'utf8')), 0)).toThrow('ESRCH')
    expect(readdirSync(guest)).toEqual([])
  })
})
