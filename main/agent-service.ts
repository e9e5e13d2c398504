import { createHash } from 'node:crypto'
import { access } from 'node:fs/promises'
import { dirname, isAbsolute } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CopiedFile, CopySource, GuestInspection } from '../src/contract/guest-agent.ts'
import type { GuestName } from '../src/contract/names.ts'
import { Refusal } from '../src/contract/refusal.ts'
import type { GuestAgent, GuestProgramResult } from '../src/engine/agent.ts'
import { type CopyPorts, copyIn, copyOut } from '../src/guest/file-copy.ts'
import type { GuestOwner } from '../src/guest/owner.ts'
import { copyTarget, openSink, openSource } from '../src/node/file/copied-file.ts'
import type { PartialFiles } from '../src/node/image/partial-file.ts'
import type { Uploads } from '../src/node/image/uploads.ts'
import { isMissing, notFound } from './error-map.ts'
import type { Progress, TaskService } from './task-service.ts'

export interface AgentPorts {
  readonly tasks: TaskService
  readonly uploads: Uploads
  readonly partials: PartialFiles
  owner(name: GuestName): GuestOwner
}

export interface CopyRequest {
  readonly name: GuestName
  readonly to: string
  readonly overwrite: boolean
}

/** A guest without an agent is known at once by its closed port; one that has one may be busy. */
const firstAnswerMs = 15_000

/** What is asked of the agents in the guests: what they know, programs, and files to and fro. */
export class AgentService {
  readonly #ports: AgentPorts

  constructor(ports: AgentPorts) {
    this.#ports = ports
  }

  /** Asks for everything; what the agent cannot tell is null. */
  async inspect(name: GuestName): Promise<GuestInspection> {
    const agent = await this.#agentOf(name)
    const orNull = <T>(told: Promise<T>) => told.catch(() => null)
    const [os, hostName, addresses, users, fileSystems] = await Promise.all([
      orNull(agent.osInfo()),
      orNull(agent.hostName()),
      orNull(agent.addresses()),
      orNull(agent.users()),
      orNull(agent.fileSystems()),
    ])
    return {
      os: os === null ? null : { name: os.name, version: os.version, kernel: os.kernel },
      hostName,
      addresses,
      users: users?.map((user) => ({ ...user, since: user.since === null ? null : new Date(user.since).toISOString() })) ?? null,
      fileSystems,
    }
  }

  async copyIn(request: CopyRequest & { readonly from: CopySource }, caller: AbortSignal | undefined): Promise<CopiedFile> {
    const { name, to, overwrite } = request
    const agent = await this.#agentOf(name)
    const from = this.#locate(request.from)
    if (await access(from.path).then(() => false, isMissing)) throw notFound('file', from.path, [])
    const source = await openSource(from.path, from.name)
    try {
      const title = `copying ${source.name} into ${name}`
      const copied = await this.#ports.tasks.run({ kind: 'copy', title, guest: name, signal: caller }, (signal, progress) =>
        copyIn(source, to, overwrite, copyPorts(name, agent, signal, progress)),
      )
      if (from.upload !== null) await this.#ports.uploads.discard(from.upload)
      return copied
    } finally {
      await source.close()
    }
  }

  async copyOut(request: CopyRequest & { readonly from: string }, caller: AbortSignal | undefined): Promise<CopiedFile> {
    const { name, from, overwrite } = request
    const agent = await this.#agentOf(name)
    if (!isAbsolute(request.to)) throw notFullPath(request.to)
    const target = await copyTarget(request.to, from, overwrite)
    await this.#ports.partials.demandElsewhere(target)
    return this.#ports.tasks.run({ kind: 'copy', title: `copying ${from} out of ${name}`, guest: name, signal: caller }, async (signal, progress) => {
      let outcome: CopiedFile | null = null
      await this.#ports.partials.fill(target, overwrite, async (partial) => {
        const sink = await openSink(partial, target)
        let mode: number | null = null
        try {
          const copied = await copyOut(from, sink, copyPorts(name, agent, signal, progress))
          mode = copied.mode
          outcome = { path: target, bytes: copied.bytes, sha256: copied.sha256 }
        } finally {
          await sink.close(mode)
        }
      })
      if (outcome === null) throw new Error(`nothing was written below ${dirname(target)}`)
      return outcome
    })
  }

  /** Runs a program in the guest. */
  async exec(name: GuestName, path: string, args: readonly string[], timeoutMs: number): Promise<GuestProgramResult> {
    return (await this.#agentOf(name)).exec(path, args, timeoutMs)
  }

  /** The agent, if it answers: a host that was opened a moment ago has not heard it yet, so it is asked. */
  async #agentOf(name: GuestName): Promise<GuestAgent> {
    const owner = this.#ports.owner(name)
    try {
      return owner.demandMachine('exec').agent
    } catch (refusal) {
      const agent = owner.machine?.agent
      if (agent === undefined || !(refusal instanceof Refusal) || refusal.code !== 'agent-needed') throw refusal
      await agent.ping(firstAnswerMs).catch(() => {
        throw refusal
      })
      // One that comes from saved memory answers before it was told that it slept: only then is it asked for more.
      for (const deadline = Date.now() + firstAnswerMs; owner.agentState !== 'live'; await sleep(50)) {
        if (owner.machine?.agent !== agent || Date.now() > deadline) throw refusal
      }
      return agent
    }
  }

  #locate(from: CopySource): { path: string; name?: string; upload: string | null } {
    if ('path' in from) {
      if (!isAbsolute(from.path)) throw notFullPath(from.path)
      return { path: from.path, upload: null }
    }
    const upload = this.#ports.uploads.find(from.upload)
    if (upload === null) throw notFound('uploaded file', from.upload, [])
    return { path: upload.path, name: upload.name, upload: from.upload }
  }
}

function copyPorts(guest: GuestName, agent: CopyPorts['agent'], signal: AbortSignal, progress: Progress): CopyPorts {
  const begun = performance.now()
  return {
    agent,
    guest,
    signal,
    checksum: () => {
      const hash = createHash('sha256')
      return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') }
    },
    progressed: (detail, done, total) => {
      const seconds = (performance.now() - begun) / 1000
      progress(detail, total === 0 ? null : Math.min(1, done / total), done === 0 || total === 0 ? null : Math.round((seconds * (total - done)) / done))
    },
  }
}

function notFullPath(path: string): Refusal {
  return new Refusal('out-of-range', path, 'the host does not know from which folder it is meant', 'give the whole path')
}
