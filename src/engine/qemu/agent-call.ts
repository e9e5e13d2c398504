import { AgentRefusal, type AgentSession } from './agent-session.ts'
import { asString, type Json, type JsonObject } from './json.ts'

/** Gives the session to talk through, connecting when there is none; rejects when the guest has not opened its port. */
export type AgentAccess = () => Promise<AgentSession>

/** Asks the agent one thing. Rejects with EngineFault('agent'); `timeoutMs` is 5 s unless said. */
export type AgentCall = (command: string, parameters?: JsonObject, timeoutMs?: number) => Promise<Json>

const queryTimeoutMs = 5_000

export function agentCall(access: AgentAccess): AgentCall {
  return async (command, parameters, timeoutMs = queryTimeoutMs) => (await access()).call(command, parameters, timeoutMs)
}

/** What `call` answers, or `otherwise` when the agent does not know the command or may not do it. */
export async function unlessRefused<T>(call: Promise<T>, otherwise: (refusal: AgentRefusal) => T | Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    if (error instanceof AgentRefusal) return otherwise(error)
    throw error
  }
}

/** A guest's string, cut to what a view can show, without control characters. */
export function text(value: Json | undefined): string | null {
  // oxlint-disable-next-line no-control-regex -- stripping them is the point
  return asString(value)?.slice(0, 256).replaceAll(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '') ?? null
}
