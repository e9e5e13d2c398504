import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createToken } from '../../../src/node/transport/access.ts'
import { serveConnections, type ConnectionServer } from '../../../src/node/transport/server.ts'

describe('another program of this computer at the window’s port', () => {
  let directory = ''
  let server: ConnectionServer
  const big = () => join(directory, 'big.js')
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'diptych-hostile-'))
    writeFileSync(big(), Buffer.alloc(64 << 20))
    server = await serveConnections({ router: {}, openScreen: () => Promise.reject(new Error('none')), listen: { loopbackPort: 0, token: createToken(), staticDirectory: directory } })
  })
  afterEach(async () => {
    await server.close()
    rmSync(directory, { recursive: true })
  })

  const openedTimes = () =>
    readdirSync('/proc/self/fd').filter((descriptor) => {
      try {
        return readlinkSync(`/proc/self/fd/${descriptor}`) === big()
      } catch {
        return false // the listing's own descriptor
      }
    }).length

  it('takes no file descriptor for good by hanging up in the middle of a file', async () => {
    for (let turn = 0; turn < 20; turn += 1) {
      const socket = connect({ host: '127.0.0.1', port: server.port ?? 0 })
      socket.write(`GET /big.js HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`)
      await once(socket, 'data')
      socket.destroy()
    }
    await vi.waitFor(() => expect(openedTimes()).toBe(0), { timeout: 300_000 })
  })
})
