import type { GuestAgent } from '../agent.ts'
import { agentCall, text, unlessRefused, type AgentAccess, type AgentCall } from './agent-call.ts'
import { execute } from './agent-exec.ts'
import { readAddresses, readFileSystems, readSystem, readUsers } from './agent-facts.ts'
import { AgentFreeze } from './agent-freeze.ts'
import { setHostName } from './agent-host-name.ts'
import { bringMemoryOnline, readVcpus, setVcpus } from './agent-resources.ts'
import { AgentRefusal } from './agent-session.ts'
import { openGuestFile } from './guest-file.ts'
import { asObject } from './json.ts'

/** qemu-guest-agent behind the engine's GuestAgent (docs/interop/qemu-ga-ref.7). */
export function qemuGuestAgent(access: AgentAccess): GuestAgent {
  const call = agentCall(access)
  const freeze = new AgentFreeze(call)
  return {
    ping: async (timeoutMs) => void (await call('guest-ping', undefined, timeoutMs)),
    osInfo: () => readSystem(call),
    hostName: async () => text(asObject(await call('guest-get-host-name'))['host-name']) ?? '',
    addresses: () => readAddresses(call),
    users: () => readUsers(call),
    fileSystems: () => readFileSystems(call),
    exec: (path, args, timeoutMs) => execute(call, path, args, timeoutMs),
    setTime: (epochMs) => setTime(call, epochMs),
    vcpus: () => readVcpus(call),
    setVcpus: (changes) => setVcpus(call, changes),
    bringMemoryOnline: () => bringMemoryOnline(call),
    setHostName: (name, afterwards) => setHostName(call, name, afterwards),
    shutdown: () => shutDown(call),
    freeze: (timeoutMs) => freeze.freeze(timeoutMs),
    thaw: (timeoutMs) => freeze.thaw(timeoutMs),
    thawLeftover: () => freeze.thawLeftover(),
    openFile: (path, mode) => openGuestFile(call, path, mode),
  }
}

/**
 * Sets the guest's clock. The agent refuses where the guest has no /sbin/hwclock (minimal systems), even though the
 * system clock is what counts; `date` then does it.
 */
async function setTime(call: AgentCall, epochMs: number): Promise<void> {
  await unlessRefused(call('guest-set-time', { time: Math.round(epochMs) * 1_000_000 }), async (refusal) => {
    const { exitCode } = await execute(call, '/bin/date', ['-u', '-s', `@${Math.round(epochMs / 1000)}`], 5_000)
    if (exitCode !== 0) throw refusal
    return null
  })
}

/** The agent answers nothing when it succeeds ("success-response": false): silence after a good sync is success. */
async function shutDown(call: AgentCall): Promise<void> {
  await call('guest-ping')
  await call('guest-shutdown', { mode: 'powerdown' }, 1_000).catch((fault: unknown) => {
    if (fault instanceof AgentRefusal) throw fault
  })
}
