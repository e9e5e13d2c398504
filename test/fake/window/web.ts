import type { GuestName } from '../../../src/contract/names.ts'
import { hostParty, type WebEvidence, type WebMatrix, type WebProbe } from '../../../src/contract/web.ts'
import type { World } from './world.ts'

/** The matrix of a world: running guests with their link up answer, others do not; a guest without an agent is seen on the wire. */
export function matrixOf(world: World, path: string): WebMatrix {
  const parties = [...world.guests.map((guest) => ({ name: guest.name, title: guest.title || 'Windows stand-in (Wine)', kind: 'guest' as const })), { name: hostParty, title: 'This computer', kind: 'host' as const }]
  const cells = parties.flatMap(({ name: from }) =>
    parties
      .filter(({ name }) => name !== from)
      .map(({ name: to }) => ({ from, to, checking: false, probe: isOn(world, from) && isOn(world, to) ? probeOf(world, from, to, path) : null })),
  )
  return { path, intervalMs: 15_000, parties, cells }
}

export function evidenceOf(world: World, from: GuestName, to: GuestName, path: string): WebEvidence {
  const probe = probeOf(world, from, to, path)
  const failed = probe.status === 0
  return {
    probe,
    requestLine: `GET ${path} HTTP/1.1`,
    statusLine: failed ? null : 'HTTP/1.1 200 OK',
    headers: failed ? [] : ['Server: lighttpd/1.4.69', 'Content-Type: text/html; charset=utf-8', 'Content-Length: 4812'],
    body: failed ? '' : '<!doctype html>\n<html lang="en">\n<head><title>Linux hosts this page</title></head>\n<body>\n<h1>Linux hosts this page</h1>\n</body>\n</html>\n',
    screenshot: null,
  }
}

function isOn(world: World, name: GuestName): boolean {
  return name === hostParty || world.find(name)?.state === 'running'
}

function probeOf(world: World, from: GuestName, to: GuestName, path: string): WebProbe {
  const cut = [from, to].some((name) => world.find(name)?.linkUp === false)
  const silent = world.find(from)?.agent === 'silent'
  return {
    from,
    to,
    url: `http://${to}.diptych.internal${path}`,
    status: cut ? 0 : 200,
    milliseconds: cut ? 10_000 : 9 + from.length + to.length,
    title: cut || silent ? null : to === hostParty ? 'Diptych: guests of this network' : `${to === 'linux' ? 'Linux' : 'Windows stand-in (Wine)'} hosts this page`,
    server: cut ? null : 'lighttpd/1.4.69',
    bytes: cut ? 0 : 4_812,
    error: cut ? 'no complete answer in time' : null,
    evidence: from === hostParty ? 'host' : silent ? 'wire' : 'agent',
    method: from === hostParty ? 'host' : silent ? null : 'diptych-guest',
    at: new Date().toISOString(),
  }
}
