import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectInProcess } from '../../../main/cli/attach.ts'
import { openHost } from '../../../main/host.ts'
import type { Host } from '../../../main/host-types.ts'
import { GuestName } from '../../../src/contract/names.ts'
import { formatGuestFile } from '../../../src/guest/definition-file.ts'
import { demonstrationGuests } from '../../../src/guest/definition.ts'
import { directories } from '../../../src/node/paths.ts'

describe('a guest file that cannot be written (taken away, disk full)', () => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  let home = ''
  let host: Host
  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'dh-'))
    const [linux] = demonstrationGuests()
    if (linux === undefined) throw new Error('no demonstration guest')
    mkdirSync(join(home, 'data', 'guests', 'linux'), { recursive: true, mode: 0o700 })
    writeFileSync(join(home, 'data', 'guests', 'linux', 'guest.yaml'), formatGuestFile(linux))
    host = await openHost({ directories: directories({ DIPTYCH_HOME: home }) })
    process.on('unhandledRejection', note)
  })
  afterEach(async () => {
    process.off('unhandledRejection', note)
    await host.close()
    rmSync(home, { recursive: true })
  })

  it('does not end the host, which says what it could not keep', async () => {
    const { client, close } = await connectInProcess(host)
    const name = GuestName.parse('linux')
    const messages = await client.host.messages()
    rmSync(join(home, 'data', 'guests', 'linux'), { recursive: true })
    await client.guest.setClipboard({ name, mode: 'both' })
    for await (const message of messages) {
      if (message.guest !== name || message.level !== 'warning') continue
      expect(message.text).toMatch(/could not be written: ENOENT/)
      break
    }
    expect(unhandled).toEqual([])
    close()
  })
})
