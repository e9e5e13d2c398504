import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { request, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { protocolName } from '../../contract/connect-websocket.ts'
import { createTicket, createToken, TicketGate } from './access.ts'
import { serveConnections, type ConnectionServer } from './server.ts'

const token = createToken()
let directory: string
let server: ConnectionServer

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'diptych-server-'))
  const files = join(directory, 'files')
  mkdirSync(join(files, 'assets'), { recursive: true })
  writeFileSync(join(files, 'index.html'), '<!doctype html>')
  writeFileSync(join(files, 'assets', 'index-1.js'), 'export {}')
  writeFileSync(join(directory, 'secret.txt'), 'secret')
  symlinkSync(join(directory, 'secret.txt'), join(files, 'link.txt'))
  server = await serveConnections({ router: {}, openScreen: () => Promise.reject(new Error('none')), listen: { loopbackPort: 0, token, staticDirectory: files } })
})
afterEach(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

/** A request whose path and headers go out exactly as given (fetch would tidy them). */
function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: server.port, path, method, headers }, (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString()
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
      .on('error', reject)
      .end()
  })
}

/** How an upgrade ends: 101, or the status it is refused with. */
function upgrade(options: { protocols?: string[]; origin?: string; host?: string; cookie?: string; path?: string }): Promise<number> {
  return new Promise((resolve) => {
    const headers = { ...(options.host === undefined ? {} : { host: options.host }), ...(options.cookie === undefined ? {} : { cookie: options.cookie }) }
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${options.path ?? '/rpc'}`, options.protocols ?? [protocolName, `token.${token}`], {
      headers,
      ...(options.origin === undefined ? {} : { origin: options.origin }),
    })
    socket.on('open', () => {
      socket.close()
      resolve(101)
    })
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0)
      socket.terminate()
    })
    socket.on('error', () => undefined)
  })
}

describe('the loopback server', () => {
  it('serves the window with strict headers', async () => {
    const page = await get('/')
    expect([page.status, page.body]).toEqual([200, '<!doctype html>'])
    expect(page.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cache-control': 'no-store', 'content-type': 'text/html; charset=utf-8' })
    const policy = page.headers['content-security-policy']
    expect(policy).toContain("default-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    expect((await get('/assets/index-1.js')).headers['cache-control']).toContain('immutable')
    expect((await get('/', {}, 'HEAD')).body).toBe('')
  })

  it.each(['/../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/assets/..%5c..%5csecret.txt', '/link.txt', '/assets', '/%00', '/%', '//etc/passwd', '/no-such-file'])('does not serve %s', async (path) => {
    const { status, body } = await get(path)
    expect([status, body]).toEqual([404, 'no such file\n'])
  })

  it('answers only GET and HEAD, and only under its own names', async () => {
    expect((await get('/', {}, 'POST')).status).toBe(405)
    for (const host of ['evil.example', `evil.example:${server.port}`, '127.0.0.1', `127.0.0.1:${Number(server.port) + 1}`]) expect((await get('/', { host })).status).toBe(403)
    expect((await get('/', { host: `localhost:${server.port}` })).status).toBe(200)
  })

  it('lets a client in that has the token, from either of its names', async () => {
    expect(await upgrade({ origin: `http://127.0.0.1:${server.port}` })).toBe(101)
    expect(await upgrade({ origin: `http://localhost:${server.port}`, host: `localhost:${server.port}` })).toBe(101)
  })

  it('refuses every other upgrade with 403', async () => {
    const origin = `http://127.0.0.1:${server.port}`
    const wrong = token.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
    const bad: Parameters<typeof upgrade>[0][] = [
      {}, // no Origin
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: `https://127.0.0.1:${server.port}` },
      { origin: `http://localhost:${server.port}` }, // another name than Host's
      { origin, host: `evil.example:${server.port}` },
      { origin, protocols: [protocolName] },
      { origin, protocols: [`token.${token}`] },
      { origin, protocols: ['diptych.v0', `token.${token}`] },
      { origin, protocols: [protocolName, `token.${wrong}`] },
      { origin, protocols: [protocolName, `token.${token.slice(1)}`] },
      { origin, protocols: [protocolName, 'token.'] },
      { origin, protocols: [protocolName], cookie: `diptych-${server.port}=${token}` },
      { origin, protocols: [protocolName], cookie: `token=${token}` },
    ]
    for (const options of bad) expect([await upgrade(options), options]).toEqual([403, options])
  })

  it('knows no other paths', async () => {
    const origin = `http://127.0.0.1:${server.port}`
    for (const path of ['/', '/rpc/', '/screen/', '/screen/Bad_Name', '/screen/a/b']) expect(await upgrade({ origin, path })).toBe(404)
  })

  it('exchanges a ticket for the token in a fragment, once, and sets no cookie', async () => {
    const path = `/?ticket=${createTicket(token, Date.now())}`
    const first = await get(path)
    expect(first).toMatchObject({ status: 303, headers: { location: `/#token=${token}`, 'cache-control': 'no-store' } })
    expect(first.headers['set-cookie']).toBeUndefined()
    expect((await get(path)).status).toBe(403)
  })

  it('rejects with EADDRINUSE for an occupied port', async () => {
    const again = serveConnections({ router: {}, openScreen: () => Promise.reject(new Error('none')), listen: { loopbackPort: server.port ?? 0, token, staticDirectory: directory } })
    await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})

describe('tickets', () => {
  it('are good once, within their minute, for their own launch', () => {
    const gate = new TicketGate(token)
    const ticket = createTicket(token, 1_000)
    expect(gate.redeem(ticket, 61_001)).toBe(false)
    expect(gate.redeem(ticket, 60_000)).toBe(true)
    expect(gate.redeem(ticket, 60_000)).toBe(false)
    const [expiry = '', nonce = '', mac = ''] = createTicket(token, 1_000).split('.')
    for (const forged of [`${Number(expiry) + 1}.${nonce}.${mac}`, `${expiry}.${nonce}.`, createTicket(createToken(), 1_000), '', 'a.b.c.d']) expect(gate.redeem(forged, 1_000)).toBe(false)
  })
})

describe('the unix socket', () => {
  const listenAt = (unixPath: string) => serveConnections({ router: {}, openScreen: () => Promise.reject(new Error('none')), listen: { unixPath } })

  it('is private, replaces a dead one and not a living one', async () => {
    const path = join(directory, 'run', 'host.sock')
    mkdirSync(join(directory, 'run'), { mode: 0o700 })
    writeFileSync(path, '') // what a crash leaves: a name nobody listens at
    const first = await listenAt(path)
    expect([statSync(path).mode & 0o777, statSync(join(directory, 'run')).mode & 0o777]).toEqual([0o600, 0o700])
    await expect(listenAt(path)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await first.close()
  })

  it('says that a path is too long, and what to do', async () => {
    await expect(listenAt(join(directory, 'x'.repeat(100), 'host.sock'))).rejects.toThrow(/107 bytes: set DIPTYCH_HOME/)
  })
})
