import { implement } from '@orpc/server'
import type { RefusalCode } from '../../../src/contract/error.ts'
import { agentCalls, type CopiedFile, type GuestInspection } from '../../../src/contract/guest-agent.ts'
import type { Canceller, Thrower } from './snapshot-routes.ts'
import { answerFor, type FakeGuest } from './views.ts'
import type { World } from './world.ts'

const on = implement({ guest: agentCalls }).guest
const workMs = 1_500

function inspectionOf(guest: FakeGuest): GuestInspection {
  return {
    os: { name: 'Debian GNU/Linux', version: '12 (bookworm)', kernel: '6.1.0-28-amd64' },
    hostName: guest.name,
    addresses: [
      { mac: `52:54:00:d1:00:0${guest.index + 1}`, ipv4: [`10.77.0.${guest.index + 11}`], ipv6: ['fe80::5054:ff:fed1:1', 'fd77:0:0:1::11'] },
      { mac: '52:54:00:d2:00:01', ipv4: [], ipv6: [] },
    ],
    users: [{ name: 'ada', domain: null, since: '2026-11-21T08:30:00.000Z' }],
    fileSystems: [
      { mountPoint: '/', type: 'ext4', device: 'vda1', totalBytes: 8 * 2 ** 30, freeBytes: 5 * 2 ** 30 },
      { mountPoint: '/var/lib/containers', type: 'btrfs', device: 'vdb', totalBytes: 20 * 2 ** 30, freeBytes: 2 ** 30 },
    ],
  }
}

/** What is asked of the agents in the guests: a file system of names, and copies that take a moment. */
export function agentRoutes(world: World, find: (name: string, errors: Thrower) => FakeGuest) {
  const there = new Set<string>()
  const agentOf = (name: string, errors: Thrower): FakeGuest => {
    const guest = find(name, errors)
    const { allowed, reason } = answerFor(guest, 'exec')
    if (!allowed) throw refused(errors, 'agent-needed', name, reason ?? '')
    return guest
  }
  const copy = async (guest: FakeGuest, title: string, path: string, overwrite: boolean, errors: Thrower & Canceller): Promise<CopiedFile> => {
    const key = `${guest.name} ${path}`
    if (there.has(key) && !overwrite) throw refused(errors, 'already-exists', path, 'it would be overwritten')
    if (!(await world.tasks.run('copy', title, guest.name, workMs))) throw errors.CANCELLED({ data: { what: title } })
    there.add(key)
    return { path, bytes: 48_213, sha256: '0'.repeat(64) }
  }
  return {
    inspect: on.inspect.handler(({ input, errors }) => inspectionOf(agentOf(input.name, errors))),
    copyIn: on.copyIn.handler(({ input, errors }) => {
      const name = 'path' in input.from ? (input.from.path.split('/').at(-1) ?? '') : 'notes.txt'
      return copy(agentOf(input.name, errors), `copying ${name} into ${input.name}`, `${input.to}/${name}`, input.overwrite, errors)
    }),
    copyOut: on.copyOut.handler(({ input, errors }) => copy(agentOf(input.name, errors), `copying ${input.from} out of ${input.name}`, `${input.to}${input.from.slice(input.from.lastIndexOf('/'))}`, input.overwrite, errors)),
  }
}

function refused(errors: Thrower, code: RefusalCode, subject: string, reason: string): Error {
  return errors.REFUSED({ data: { code, subject, reason } })
}
