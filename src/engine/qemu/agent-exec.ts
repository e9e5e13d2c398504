import type { GuestProgramResult } from '../agent.ts'
import { EngineFault } from '../engine.ts'
import type { AgentCall } from './agent-call.ts'
import { decodeBase64 } from './base64.ts'
import { asNumber, asObject, asString, type Json } from './json.ts'

const maximumOutputBytes = 4 << 20
/** The agent's own time to say how the program is; it is asked last when the program's time is nearly up. */
const leastAnswerMs = 2_000

/** Starts the program, then asks for its state with growing pauses (20 to 250 ms) until it has ended. */
export async function execute(call: AgentCall, path: string, args: readonly string[], timeoutMs: number): Promise<GuestProgramResult> {
  const deadline = performance.now() + timeoutMs
  const left = () => Math.max(leastAnswerMs, deadline - performance.now())
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
