import type { GuestFileSystem, GuestSystem, GuestUser } from '../agent.ts'
import { text, type AgentCall } from './agent-call.ts'
import { asArray, asNumber, asObject, type Json } from './json.ts'

/** More of anything than a view can show is not read. */
const longestList = 64
/** Seconds since 1970 until the year 10000, whose dates ISO 8601 does not write in four digits. */
const endOfDates = 253_402_300_800

export async function readSystem(call: AgentCall): Promise<GuestSystem> {
  const info = asObject(await call('guest-get-osinfo'))
  const id = text(info['id'])
  const name = text(info['pretty-name']) ?? text(info['name']) ?? id
  return {
    family: id === null ? null : id === 'mswindows' ? 'windows' : 'unix',
    name: name ?? 'unknown',
    version: text(info['version']) ?? text(info['version-id']),
    kernel: text(info['kernel-release']),
  }
}

export async function readAddresses(call: AgentCall): Promise<{ mac: string; ipv4: string[]; ipv6: string[] }[]> {
  return list(await call('guest-network-get-interfaces')).map(readInterface).filter((found) => found.mac !== '')
}

export async function readUsers(call: AgentCall): Promise<GuestUser[]> {
  return list(await call('guest-get-users')).flatMap((value) => {
    const user = asObject(value)
    const name = text(user['user'])
    const seconds = asNumber(user['login-time'])
    return name === null ? [] : [{ name, domain: text(user['domain']), since: seconds === null || seconds <= 0 || seconds >= endOfDates ? null : Math.floor(seconds * 1000) }]
  })
}

export async function readFileSystems(call: AgentCall): Promise<GuestFileSystem[]> {
  return list(await call('guest-get-fsinfo', undefined, 15_000)).flatMap((value) => {
    const found = asObject(value)
    const mountPoint = text(found['mountpoint'])
    if (mountPoint === null) return []
    const total = bytes(found['total-bytes'])
    const used = bytes(found['used-bytes'])
    const known = total !== null && used !== null && used <= total
    return [{ mountPoint, type: text(found['type']) ?? '', device: text(found['name']) ?? '', totalBytes: known ? total : null, freeBytes: known ? total - used : null }]
  })
}

function readInterface(value: Json): { mac: string; ipv4: string[]; ipv6: string[] } {
  const found = asObject(value)
  const ofType = (type: string) =>
    list(found['ip-addresses'])
      .map(asObject)
      .filter((address) => address['ip-address-type'] === type)
      .map((address) => text(address['ip-address']))
      .filter((address) => address !== null)
  return { mac: (text(found['hardware-address']) ?? '').toLowerCase(), ipv4: ofType('ipv4'), ipv6: ofType('ipv6') }
}

function bytes(value: Json | undefined): number | null {
  const number = asNumber(value)
  return number !== null && number >= 0 && Number.isSafeInteger(number) ? number : null
}

function list(value: Json | undefined): Json[] {
  return asArray(value).slice(0, longestList)
}
