import { join } from 'node:path'
import type { GuestName } from '../../contract/names.ts'
import { EngineFault } from '../../engine/engine.ts'
import type { Directories } from '../paths.ts'

/** sun_path of unix(7) holds 108 bytes with its terminating zero. */
const maximumSocketPath = 107

/** Where one guest's run keeps its sockets and record, and where its logs go. */
export interface RunLayout {
  readonly directory: string
  readonly qmp: string
  readonly agent: string
  readonly screen: string
  readonly serial: string
  readonly pid: string
  readonly record: string
  readonly logs: { readonly directory: string; readonly serial: string; readonly engine: string }
}

/** The folder with one folder per running guest. Names are short: see `checkSocketPath`. */
export function runsDirectory(directories: Directories): string {
  return join(directories.runtime, 'g')
}

/** Beside it, one folder per incubator (see template-incubator.ts), where no guest is looked for. */
export function incubatorsDirectory(directories: Directories): string {
  return join(directories.runtime, 'i')
}

export function runLayout(directories: Directories, name: GuestName): RunLayout {
  const directory = join(runsDirectory(directories), name)
  const logs = join(directories.state, 'guests', name)
  return {
    directory,
    qmp: join(directory, 'qmp'),
    agent: join(directory, 'qga'),
    screen: join(directory, 'vnc'),
    serial: join(directory, 'ser'),
    pid: join(directory, 'pid'),
    record: join(directory, 'run.json'),
    logs: { directory: logs, serial: join(logs, 'serial.log'), engine: join(logs, 'engine.log') },
  }
}

export function checkSocketPath(path: string): void {
  const length = Buffer.byteLength(path)
  if (length <= maximumSocketPath) return
  throw new EngineFault('qemu', `The socket path ${path} is ${length} bytes long; unix sockets allow ${maximumSocketPath}`, {
    remedy: 'Set DIPTYCH_HOME (or XDG_RUNTIME_DIR) to a folder with a shorter name.',
  })
}
