import { spawnSync } from 'node:child_process'
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import type { GuestAgent, GuestFile } from '../../src/engine/agent.ts'
import { FakeMachine } from './machine.ts'

/** An agent in a guest that is this computer: its programs and files are ours. `changes` replaces what is to be different. */
export function localAgent(changes: Partial<GuestAgent> = {}): GuestAgent {
  return {
    ...new FakeMachine().agent,
    exec: async (path, args) => {
      const { status, stdout, stderr } = spawnSync(path, [...args], { encoding: 'utf8' })
      return { exitCode: status ?? 1, stdout, stderr }
    },
    openFile: async (path, mode) => new LocalFile(path, mode),
    ...changes,
  }
}

class LocalFile implements GuestFile {
  readonly #file: number

  constructor(path: string, mode: 'read' | 'write') {
    this.#file = openSync(path, mode === 'read' ? 'r' : 'w')
  }

  size = async () => fstatSync(this.#file).size
  read = async (maximumBytes: number) => {
    const bytes = new Uint8Array(maximumBytes)
    return bytes.subarray(0, readSync(this.#file, bytes))
  }
  write = async (bytes: Uint8Array) => void writeSync(this.#file, bytes)
  close = async () => closeSync(this.#file)
}
