import type { GuestAgent, GuestProgramResult, GuestSystem } from '../engine/agent.ts'
import { EngineFault } from '../engine/engine.ts'

export interface GuestPathState {
  readonly kind: 'none' | 'file' | 'directory' | 'other'
  /** Permission bits (0o777 at most); null where the guest has none of this sort. */
  readonly mode: number | null
}

/**
 * What copying needs of a guest's own tools: Unix's shell or Windows PowerShell, run by the agent. Paths are never part
 * of a Unix script (they are its arguments), and quoted in a Windows one.
 */
export interface GuestShell {
  look(path: string): Promise<GuestPathState>
  /** Makes an empty file that nobody else may read. */
  makePrivate(path: string): Promise<void>
  /** Lower-case hexadecimal SHA-256; null when the guest has no tool for it. */
  sha256(path: string): Promise<string | null>
  /** Moves `from` to `to` within one folder. `exists` when `to` is there and is not to be overwritten. */
  move(from: string, to: string, options: { overwrite: boolean; mode: number | null }): Promise<'moved' | 'exists'>
  remove(path: string): Promise<void>
  join(directory: string, name: string): string
  isAbsolute(path: string): boolean
}

const shortMs = 30_000
/** A checksum reads the whole file, perhaps from a slow disk. */
const checksumMs = 600_000
const existsCode = 17

export function guestShell(agent: GuestAgent, family: GuestSystem['family']): GuestShell {
  return family === 'windows' ? windowsShell(agent) : unixShell(agent)
}

function unixShell(agent: GuestAgent): GuestShell {
  const run = (script: string, args: readonly string[], timeoutMs = shortMs) => agent.exec('/bin/sh', ['-c', script, 'sh', ...args], timeoutMs)
  return {
    look: async (path) => {
      const script = `if [ -d "$1" ]; then echo directory; elif [ -f "$1" ]; then echo file $(stat -c %a -- "$1" 2>/dev/null || stat -f %Lp -- "$1" 2>/dev/null); elif [ -e "$1" ] || [ -L "$1" ]; then echo other; else echo none; fi`
      return readState((await succeed(run(script, [path]), `look at ${path}`)).stdout)
    },
    makePrivate: async (path) => void (await succeed(run('umask 077; set -C; : >"$1"', [path]), `make ${path}`)),
    sha256: async (path) => readSha256((await run('sha256sum "$1" 2>/dev/null || sha256 -q "$1" 2>/dev/null || shasum -a 256 "$1"', [path], checksumMs)).stdout),
    move: async (from, to, { overwrite, mode }) => {
      const script = `if [ "$3" = no ] && { [ -e "$2" ] || [ -L "$2" ]; }; then exit ${existsCode}; fi; if [ -n "$4" ]; then chmod "$4" "$1" || exit 1; fi; mv -f "$1" "$2"`
      const moving = run(script, [from, to, overwrite ? 'yes' : 'no', mode === null ? '' : mode.toString(8)])
      return (await succeed(moving, `put ${to} in place`, existsCode)).exitCode === existsCode ? 'exists' : 'moved'
    },
    remove: async (path) => void (await succeed(run('rm -f "$1"', [path]), `remove ${path}`)),
    join: (directory, name) => `${directory.replace(/\/+$/, '')}/${name}`,
    isAbsolute: (path) => path.startsWith('/'),
  }
}

function windowsShell(agent: GuestAgent): GuestShell {
  const program = String.raw`C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`
  const run = (script: string, timeoutMs = shortMs) => agent.exec(program, ['-NoProfile', '-NonInteractive', '-Command', `$ErrorActionPreference = 'Stop'; ${script}`], timeoutMs)
  return {
    look: async (path) => {
      const file = quoted(path)
      const script = `if (Test-Path -LiteralPath ${file} -PathType Container) {'directory'} elseif (Test-Path -LiteralPath ${file} -PathType Leaf) {'file'} else {'none'}`
      return readState((await succeed(run(script), `look at ${path}`)).stdout)
    },
    makePrivate: async (path) => void (await succeed(run(`[void](New-Item -ItemType File -Path ${quoted(path)})`), `make ${path}`)),
    sha256: async (path) => readSha256((await run(`(Get-FileHash -Algorithm SHA256 -LiteralPath ${quoted(path)}).Hash`, checksumMs)).stdout),
    move: async (from, to, { overwrite }) => {
      const refuse = overwrite ? '' : `if (Test-Path -LiteralPath ${quoted(to)}) {exit ${existsCode}}; `
      const moving = run(`${refuse}Move-Item -Force -LiteralPath ${quoted(from)} -Destination ${quoted(to)}`)
      return (await succeed(moving, `put ${to} in place`, existsCode)).exitCode === existsCode ? 'exists' : 'moved'
    },
    remove: async (path) => void (await succeed(run(`if (Test-Path -LiteralPath ${quoted(path)}) {Remove-Item -Force -LiteralPath ${quoted(path)}}`), `remove ${path}`)),
    join: (directory, name) => `${directory.replace(/[\\/]+$/, '')}\\${name}`,
    isAbsolute: (path) => /^(?:[A-Za-z]:[\\/]|\\\\)/.test(path),
  }
}

/** A PowerShell string literal. PowerShell takes typographic single quotes for plain ones (about_Quoting_Rules). */
function quoted(path: string): string {
  return `'${path.replaceAll(/['\u2018\u2019\u201a\u201b]/g, (quote) => quote + quote)}'`
}

async function succeed(running: Promise<GuestProgramResult>, what: string, alsoFine?: number): Promise<GuestProgramResult> {
  const result = await running
  if (result.exitCode === 0 || result.exitCode === alsoFine) return result
  throw new EngineFault('agent', `The guest could not ${what}: ${result.stderr.trim().slice(0, 300) || `exit code ${result.exitCode}`}`)
}

function readState(text: string): GuestPathState {
  const [kind = '', mode = ''] = text.trim().split(/\s+/)
  const bits = /^[0-7]{1,5}$/.test(mode) ? Number.parseInt(mode, 8) & 0o777 : null
  return { kind: kind === 'none' || kind === 'file' || kind === 'directory' ? kind : 'other', mode: kind === 'file' ? bits : null }
}

function readSha256(text: string): string | null {
  return /\b[0-9a-f]{64}\b/i.exec(text)?.[0].toLowerCase() ?? null
}
