import { describe, expect, it } from 'vitest'
import { GuestName } from '../contract/names.ts'
import type { HttpLine } from '../contract/network.ts'
import { hostParty } from '../contract/web.ts'
import { readAnswer, titleOf } from './answer.ts'
import { fetchers } from './fetcher.ts'
import { probeFromWire, probeUrl } from './probe.ts'

const linux = GuestName.parse('linux')
const windows = GuestName.parse('windows')
const fetcher = (name: string) => {
  const found = fetchers.find((each) => each.name === name)
  if (found === undefined) throw new Error(`no fetcher ${name}`)
  return found
}

describe('readAnswer', () => {
  it('reads the last head, its body, title and server', () => {
    const answer = readAnswer('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nServer: lighttpd\r\nX: y\r\n\r\n<html><title>A &amp; B\n  page</title>', 12)
    expect(answer).toMatchObject({ status: 200, statusLine: 'HTTP/1.1 200 OK', server: 'lighttpd', headers: ['Server: lighttpd', 'X: y'], title: 'A & B page', milliseconds: 12, error: null })
  })

  it('keeps one KiB of the body and counts all', () => {
    const answer = readAnswer(`HTTP/1.0 404 Not Found\n\n${'x'.repeat(5_000)}`, 1)
    expect([answer.status, answer.body.length, answer.bytes, answer.title]).toEqual([404, 1_024, 5_000, null])
  })

  it.each(['', 'SSH-2.0-OpenSSH_9', 'HTTP/1.1 OK'])('takes %j for no answer', (text) => {
    expect(readAnswer(text, 1)).toMatchObject({ status: 0, error: expect.stringContaining('not an HTTP answer') })
  })

  it('finds no title where there is none', () => {
    expect([titleOf('<TITLE lang="en"> </TITLE>'), titleOf('plain'), titleOf('<title>x')]).toEqual([null, null, 'x'])
  })
})

describe('fetchers', () => {
  it('reads what diptych-guest prints, and its refusals', () => {
    const line = '{"status":200,"ms":31,"bytes":900,"title":"Linux","headers":{"Server":"lighttpd/1.4"},"server":"lighttpd/1.4","body":"<html>"}'
    expect(fetcher('diptych-guest').read({ exitCode: 0, stdout: `${line}\n`, stderr: '' }, 99)).toMatchObject({ status: 200, milliseconds: 31, headers: ['Server: lighttpd/1.4'], body: '<html>' })
    expect(fetcher('diptych-guest').read({ exitCode: 1, stdout: '{"status":0,"ms":5,"error":"refused"}', stderr: '' }, 99)).toMatchObject({ status: 0, error: 'refused' })
    expect(fetcher('diptych-guest').read({ exitCode: 2, stdout: '', stderr: 'usage: x' }, 99)).toMatchObject({ status: 0, error: 'usage: x', milliseconds: 99 })
  })

  it('reads curl, its time with either decimal mark', () => {
    expect(fetcher('curl').read({ exitCode: 0, stdout: 'HTTP/1.1 503 Busy\r\nA: b\r\n\r\nlaterdiptych-took:0,250', stderr: '' }, 9)).toMatchObject({ status: 503, milliseconds: 250, body: 'later' })
    expect(fetcher('curl').read({ exitCode: 7, stdout: 'diptych-took:0.0', stderr: 'curl: (7) Failed to connect' }, 9)).toMatchObject({ status: 0, error: 'curl: (7) Failed to connect' })
  })

  it("reads both wgets' heads from stderr", () => {
    const stderr = '  HTTP/1.1 301 Moved\n  Location: /x\n  HTTP/1.1 200 OK\n  Server: nginx\nwget: note\n'
    expect(fetcher('wget').read({ exitCode: 0, stdout: '<title>t</title>', stderr }, 44)).toMatchObject({ status: 200, server: 'nginx', title: 't', milliseconds: 44 })
    expect(fetcher('wget').read({ exitCode: 4, stdout: '', stderr: 'wget: bad address' }, 44)).toMatchObject({ status: 0, error: 'wget: bad address' })
  })

  it('quotes the address for PowerShell', () => {
    expect(fetcher('powershell').command("http://a/'x", 5).join(' ')).toContain("-TimeoutSec 5 -Uri 'http://a/''x'")
  })
})

describe('probeFromWire', () => {
  const now = new Date('2026-01-01T00:01:00.000Z')
  const line = (change: Partial<HttpLine>): HttpLine => ({ sequence: 1, at: '2026-01-01T00:00:30.000Z', from: 'linux', to: 'windows', fromAddress: '10.77.0.11', method: 'GET', host: null, path: '/', status: 200, milliseconds: 8.4, bytes: 10, ...change })
  const ask = (lines: HttpLine[], from = linux) => probeFromWire({ from, to: windows, path: '/' }, 'http://windows.test/', lines, 'no agent', now)

  it('takes the newest answered request of the pair, of the same path if it can', () => {
    const lines = [line({ status: 500 }), line({}), line({ path: '/other', status: 404 }), line({ from: 'other', status: 302 }), line({ status: null })]
    expect(ask(lines)).toMatchObject({ status: 200, milliseconds: 8, evidence: 'wire', method: null, error: null })
    expect(ask([line({ path: '/other', status: 404 })])).toMatchObject({ status: 404, url: 'http://windows.test/other' })
    expect(ask([line({ from: 'gateway' })], hostParty)).toMatchObject({ status: 200 })
  })

  it('says why nobody was asked when nothing fresh was seen', () => {
    for (const lines of [[], [line({ at: '2025-12-31T23:59:00.000Z' })]]) expect(ask(lines)).toMatchObject({ status: 0, error: expect.stringMatching(/no agent.*nothing was seen/) })
  })
})

it("the host's page is the network's", () => {
  expect([probeUrl(hostParty, 'd.internal', '/'), probeUrl(linux, 'd.internal', '/x')]).toEqual(['http://d.internal/', 'http://linux.d.internal/x'])
})
