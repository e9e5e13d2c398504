import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import endpointSource from './endpoint.c?raw'

export interface Throughput {
  readonly framesPerSecond: number
  readonly gbitPerSecond: number
}
/** Round trips, in microseconds. */
export interface Latency {
  readonly p50: number
  readonly p99: number
}

const SECONDS = 0.7

/** Two guests reduced to their wires: endpoint.c, compiled here and run once for every measurement. */
export class Endpoints {
  readonly program: string

  private constructor(program: string) {
    this.program = program
  }

  /** Throws when there is no compiler, naming the packages. */
  static compile(directory: string): Endpoints {
    need('cc', 'gcc and libc6-dev')
    const program = join(directory, 'endpoint')
    writeFileSync(`${program}.c`, endpointSource)
    const compiled = spawnSync('cc', ['-O2', '-o', program, `${program}.c`], { encoding: 'utf8' })
    if (compiled.status !== 0) throw new Error(`the endpoints do not compile: ${compiled.stderr}`)
    return new Endpoints(program)
  }

  /** What so many pairs of guests that send at once carry together: then it is the switch that is full, not a sender. */
  async pairs(transport: string, size: number, count: number): Promise<Throughput> {
    const all = await Promise.all(Array.from({ length: count }, (_, index) => this.#ask<Throughput>(`+${2 * index}`, transport, 'throughput', String(size), String(2 * SECONDS))))
    return {
      framesPerSecond: all.reduce((sum, each) => sum + each.framesPerSecond, 0),
      gbitPerSecond: all.reduce((sum, each) => sum + each.gbitPerSecond, 0),
    }
  }

  throughput(transport: string, size: number, third?: string): Promise<Throughput> {
    return this.#ask(transport, 'throughput', String(size), String(SECONDS), ...(third === undefined ? [] : [third]))
  }

  /** What a sender's writes of frames of `size` bytes alone would carry: no switch can pass on more than is sent. */
  ceiling(size: number): Promise<Throughput> {
    return this.#ask('pair', 'ceiling', String(size), String(SECONDS))
  }

  /** Round trips of 64 bytes, at most one a millisecond. */
  latency(transport: string, roundTrips: number): Promise<Latency> {
    return this.#ask(transport, 'latency', '64', String(roundTrips))
  }

  /** How many of `sent` frames arrive. */
  async count(transport: string, sent: number): Promise<number> {
    const { arrived } = await this.#ask<{ readonly arrived: number }>(transport, 'count', '101', String(sent))
    return arrived
  }

  #ask<Reading>(...args: string[]): Promise<Reading> {
    return new Promise((done, reject) => {
      const child = spawn(this.program, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
      // The whole group: the endpoint forks its other side.
      const timer = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'), 60_000)
      let text = ''
      child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
      child.once('error', reject)
      child.once('close', (code) => {
        clearTimeout(timer)
        if (code === 0) done(JSON.parse(text) as Reading) // our own program's words
        else reject(new Error(`endpoint ${args.join(' ')} ended with ${code}`))
      })
    })
  }
}

export function need(program: string, packages: string): void {
  if (spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0) throw new Error(`${program} is missing: apt-get install ${packages}`)
}
