import { EngineFault, type GuestAgent } from '../engine.ts'
import { AgentRefusal, type AgentSession } from './agent-session.ts'
import { decodeBase64 } from './base64.ts'
import { asArray, asNumber, asObject, asString, type Json, type JsonObject } from './json.ts'

const maximumOutputBytes = 4 << 20
const queryTimeoutMs = 5_000

/** Gives the session to talk through, connecting when there is none; rejects when the guest has not opened its port. */
export type AgentAccess = () => Promise<AgentSession>

/** qemu-guest-agent behind the engine's GuestAgent (docs/interop/qemu-ga-ref.7). */
export function qemuGuestAgent(access: AgentAccess): GuestAgent {
  const call: Call = async (command, parameters, timeoutMs = queryTimeoutMs) => {
    const session = await access()
    return session.call(command, parameters, timeoutMs)
  }
  return {
    ping: async (timeoutMs) => void (await call('guest-ping', undefined, timeoutMs)),
    osInfo: async () => {
      const info = asObject(await call('guest-get-osinfo'))
      const name = text(info['pretty-name']) ?? text(info['name']) ?? text(info['id'])
      return { name: name ?? 'unknown', version: text(info['version']) ?? text(info['version-id']), kernel: text(info['kernel-release']) }
    },
    hostName: async () => text(asObject(await call('guest-get-host-name'))['host-name']) ?? '',
    addresses: async () => asArray(await call('guest-network-get-interfaces')).slice(0, 64).map(readInterface).filter((found) => found.mac !== ''),
    exec: (path, args, timeoutMs) => execute(call, path, args, timeoutMs),
    setTime: (epochMs) => setTime(call, epochMs),
    shutdown: async () => {
      // The agent answers nothing when it succeeds ("success-response": false): silence after a good sync is success.
      await call('guest-ping')
      const session = await access()
      await session.call('guest-shutdown', { mode: 'powerdown' }, 1_000).catch((fault: unknown) => {
        if (fault instanceof AgentRefusal) throw fault
      })
    },
  }
}

/**
 * Sets the guest's clock. The agent refuses where the guest has no /sbin/hwclock (minimal systems), even though the
 * system clock is what counts; `date` then does it.
 */
async function setTime(call: Call, epochMs: number): Promise<void> {
  try {
    await call('guest-set-time', { time: Math.round(epochMs) * 1_000_000 })
  } catch (refusal) {
    if (!(refusal instanceof AgentRefusal)) throw refusal
    const { exitCode } = await execute(call, '/bin/date', ['-u', '-s', `@${Math.round(epochMs / 1000)}`], queryTimeoutMs)
    if (exitCode !== 0) throw refusal
  }
}

type Call = (command: string, parameters?: JsonObject, timeoutMs?: number) => Promise<Json>

/** Starts the program, then asks for its state with growing pauses (20 to 250 ms) until it has ended. */
async function execute(call: Call, path: string, args: readonly string[], timeoutMs: number) {
  const deadline = performance.now() + timeoutMs
  const left = () => Math.max(1, deadline - performance.now())
  const started = asObject(await call('guest-exec', { path, arg: [...args], 'capture-output': true }, left()))
  const pid = asNumber(started['pid'])
  if (pid === null) throw new EngineFault('agent', `The guest agent did not say which process runs ${path}`)
  for (let pauseMs = 20; ; pauseMs = Math.min(250, pauseMs * 1.5)) {
    const status = asObject(await call('guest-exec-status', { pid }, left()))
    if (status['exited'] === true) {
      const signal = asNumber(status['signal'])
      return { exitCode: asNumber(status['exitcode']) ?? 128 + (signal ?? 0), stdout: output(status['out-data']), stderr: output(status['err-data']) }
    }
    if (performance.now() + pauseMs >= deadline) throw new EngineFault('agent', `${path} has not ended within ${timeoutMs} ms; it goes on running in the guest`)
    await new Promise<void>((resolve) => void setTimeout(resolve, pauseMs))
  }
}

function output(data: Json | undefined): string {
  return new TextDecoder().decode(decodeBase64(asString(data) ?? '', maximumOutputBytes))
}

function readInterface(value: Json): { mac: string; ipv4: string[]; ipv6: string[] } {
  const found = asObject(value)
  const ofType = (type: string) =>
    asArray(found['ip-addresses'])
      .slice(0, 64)
      .map(asObject)
      .filter((address) => address['ip-address-type'] === type)
      .map((address) => text(address['ip-address']))
      .filter((address) => address !== null)
  return { mac: (text(found['hardware-address']) ?? '').toLowerCase(), ipv4: ofType('ipv4'), ipv6: ofType('ipv6') }
}

/** A guest's string, cut to what a view can show, without control characters. */
function text(value: Json | undefined): string | null {
  // oxlint-disable-next-line no-control-regex -- stripping them is the point
  return asString(value)?.slice(0, 256).replaceAll(/[\u0000-\u001f\u007f]/g, '') ?? null
}
