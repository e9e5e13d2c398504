import type { GuestName } from '../src/contract/names.ts'
import { reasonOf } from '../src/contract/refusal.ts'
import type { WebProbe } from '../src/contract/web.ts'
import { stageDomain } from '../src/guest/definition.ts'
import type { GuestOwner } from '../src/guest/owner.ts'
import { failedProbe, fetchCommand, probeUrl, readProbe } from '../src/web/probe.ts'

export interface ProbePorts {
  owners(): GuestOwner[]
  /** Throws NOT_FOUND for an unknown name. */
  owner(name: GuestName): GuestOwner
}

export interface ProbeRequest {
  readonly from?: GuestName | undefined
  readonly to?: GuestName | undefined
  readonly path: string
  readonly timeoutMs: number
}

/** Lets each guest of `from` (default: every running one) open the page of each of `to`, all at once. */
export async function probeAll(ports: ProbePorts, request: ProbeRequest): Promise<WebProbe[]> {
  const running = ports
    .owners()
    .filter((owner) => owner.state === 'running')
    .map((owner) => owner.definition.name)
  const from = request.from === undefined ? running : [ports.owner(request.from).definition.name]
  const to = request.to === undefined ? running : [ports.owner(request.to).definition.name]
  const pairs = from.flatMap((source) => to.filter((target) => target !== source).map((target) => ({ source, target })))
  return Promise.all(pairs.map(({ source, target }) => probePair(ports.owner(source), target, request)))
}

async function probePair(source: GuestOwner, to: GuestName, request: ProbeRequest): Promise<WebProbe> {
  const from = source.definition.name
  const url = probeUrl(to, stageDomain, request.path)
  const begun = performance.now()
  const pair = () => ({ from, to, url, at: new Date().toISOString(), elapsedMs: Math.round(performance.now() - begun) })
  try {
    const { path, args } = fetchCommand(url, request.timeoutMs)
    const outcome = await source.demandMachine('exec').agent.exec(path, args, request.timeoutMs + 5_000)
    return readProbe(pair(), outcome)
  } catch (error) {
    return failedProbe(pair(), reasonOf(error))
  }
}
