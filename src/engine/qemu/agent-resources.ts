import type { GuestVcpu } from '../agent.ts'
import { unlessRefused, type AgentCall } from './agent-call.ts'
import { execute } from './agent-exec.ts'
import { asArray, asNumber, asObject } from './json.ts'

const timeoutMs = 3_000

/** guest-get-vcpus; an agent that does not know it tells of none. */
export async function readVcpus(call: AgentCall): Promise<GuestVcpu[]> {
  const answer = await unlessRefused(call('guest-get-vcpus', undefined, timeoutMs), () => [])
  return asArray(answer)
    .slice(0, 1_024)
    .map(asObject)
    .flatMap((vcpu) => {
      const id = asNumber(vcpu['logical-id'])
      return id === null ? [] : [{ id, online: vcpu['online'] === true, canOffline: vcpu['can-offline'] === true }]
    })
    .sort((a, b) => a.id - b.id)
}

export async function setVcpus(call: AgentCall, changes: readonly { readonly id: number; readonly online: boolean }[]): Promise<void> {
  // It answers how many it has done; what is left shows when they are read again.
  if (changes.length > 0) await call('guest-set-vcpus', { vcpus: changes.map(({ id, online }) => ({ 'logical-id': id, online })) }, timeoutMs)
}

/**
 * Brings memory into use that was plugged and that the guest left offline (Linux, Documentation/admin-guide/mm/memory-hotplug.rst).
 * Movable, so that it can be given back; where the guest's own tools cannot say that, as the agent does it.
 */
export async function bringMemoryOnline(call: AgentCall): Promise<void> {
  const blocks = asArray(await unlessRefused(call('guest-get-memory-blocks', undefined, timeoutMs), () => [])).map(asObject)
  const offline = blocks.filter((block) => block['online'] === false).map((block) => block['phys-index']).filter((index) => typeof index === 'number')
  const { exitCode } = await execute(call, '/bin/sh', ['-c', onlineMovable], timeoutMs).catch(() => ({ exitCode: 1 }))
  if (exitCode === 0 || offline.length === 0) return
  await unlessRefused(call('guest-set-memory-blocks', { 'mem-blks': offline.map((index) => ({ 'phys-index': index, online: true })) }, timeoutMs), () => null)
}

/** Also for the blocks to come, which then are in use at once. */
const onlineMovable = `cd /sys/devices/system/memory && grep -qv offline auto_online_blocks || echo online_movable >auto_online_blocks
for state in memory*/state; do [ "$(cat "$state")" != offline ] || echo online_movable >"$state" || exit 1; done`
