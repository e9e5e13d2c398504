import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { uploadPath } from '../../contract/upload.ts'
import { Uploads } from '../image/uploads.ts'
import { createToken } from './access.ts'
import { type ConnectionServer, serveConnections } from './server.ts'

const token = createToken()
let folder: string
let uploads: Uploads
let server: ConnectionServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'diptych-upload-'))
  uploads = new Uploads(join(folder, 'uploads'))
  await uploads.sweep()
  server = await serveConnections({ router: {}, openScreen: () => Promise.reject(new Error('none')), receiveUpload: uploads.receive.bind(uploads), listen: { loopbackPort: 0, token, staticDirectory: folder } })
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

const held = () => readdirSync(join(folder, 'uploads'))

interface Sent {
  readonly path?: string
  readonly headers?: Record<string, string>
  readonly chunks?: readonly Buffer[]
  /** Does not end, but hangs up once this is over, or once it is answered. */
  readonly breakOff?: () => Promise<unknown>
}

function put({ path = uploadPath('my disk.qcow2'), headers = {}, chunks = [Buffer.from('QFI')], breakOff }: Sent): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const sending = request({ agent: false, host: '127.0.0.1', port: server.port ?? 0, method: 'PUT', path, headers: { authorization: `Bearer ${token}`, ...headers } })
    sending.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk)).on('close', () => {
        resolve({ status: response.statusCode ?? 0, text })
        sending.destroy()
      })
    })
    sending.on('error', () => resolve({ status: 0, text: '' }))
    sending.flushHeaders()
    for (const chunk of chunks) sending.write(chunk)
    if (breakOff === undefined) sending.end()
    else void breakOff().finally(() => sending.destroy())
  })
}

describe('uploads', () => {
  it('are kept under an id, with the name they had, until they are discarded', async () => {
    const content = Buffer.alloc(3 << 20, 'disk')
    const { status, text } = await put({ chunks: [content.subarray(0, 1 << 20), content.subarray(1 << 20)] })
    expect([status, text]).toEqual([200, expect.stringMatching(/^[0-9a-f]{32}$/)])
    const upload = uploads.find(text)
    expect(upload?.name).toBe('my disk.qcow2')
    expect(readFileSync(upload?.path ?? '').equals(content)).toBe(true)
    await uploads.discard(text)
    expect([uploads.find(text), held()]).toEqual([null, []])
  })

  it('never get a name from the sender on the disk', async () => {
    const { text } = await put({ path: '/upload/..%2f..%2fguests%2fx' })
    expect(uploads.find(text)?.name).toBe('x')
    expect(uploads.find(text)?.path).toBe(join(folder, 'uploads', text))
    await uploads.discard(text)
  })

  it.each([
    ['no token', { authorization: '' }],
    ['another token', { authorization: `Bearer ${createToken()}` }],
    ['a foreign page', { origin: 'http://example.org' }],
    ['another host name', { host: 'example.org' }],
  ])('are refused with %s, and nothing is kept', async (_, headers) => {
    expect((await put({ headers })).status).toBe(403)
    expect(held()).toEqual([])
  })

  it('that would not fit are refused before they are sent, and those that break off leave nothing', async () => {
    const refused = await put({ headers: { 'content-length': String(2 ** 50) }, chunks: [], breakOff: () => new Promise(() => undefined) })
    expect(refused.status).toBe(507)
    expect(refused.text).toMatch(/takes up to .* are free/)
    await put({ headers: { 'content-length': '1000000' }, breakOff: async () => expect.poll(held).toHaveLength(1) })
    await expect.poll(held).toEqual([])
  })

  it('without a name are no uploads', async () => {
    expect((await put({ path: '/upload/' })).status).toBe(400)
    expect((await put({ path: '/elsewhere' })).status).toBe(405)
    expect((await put({ path: '/upload/%ff' })).status).toBe(405)
  })

  it('that an earlier host was given are gone', async () => {
    await put({})
    expect(held()).toHaveLength(1)
    await new Uploads(join(folder, 'uploads')).sweep()
    expect(held()).toEqual([])
  })
})
