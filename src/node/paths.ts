import { chmodSync, lstatSync, mkdirSync, statSync } from 'node:fs'
import { homedir, tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'

/**
 * Where things live (XDG Base Directory Specification 0.8). `DIPTYCH_HOME`, when set, puts all four below one
 * folder: tests and demonstrations use it. Unix socket paths are limited to 107 bytes, so names below `runtime`
 * are short.
 */
export interface Directories {
  readonly data: string
  readonly cache: string
  readonly state: string
  readonly runtime: string
}

export function directories(env: NodeJS.ProcessEnv = process.env): Directories {
  const home = env['DIPTYCH_HOME']
  if (home !== undefined && home !== '') {
    return { data: join(home, 'data'), cache: env['DIPTYCH_CACHE'] ?? join(home, 'cache'), state: join(home, 'state'), runtime: join(home, 'run') }
  }
  const user = homedir()
  const xdg = (name: string, fallback: string) => join(env[name] || join(user, fallback), 'diptych')
  return {
    data: xdg('XDG_DATA_HOME', '.local/share'),
    cache: env['DIPTYCH_CACHE'] ?? xdg('XDG_CACHE_HOME', '.cache'),
    state: xdg('XDG_STATE_HOME', '.local/state'),
    runtime: env['XDG_RUNTIME_DIR'] ? join(env['XDG_RUNTIME_DIR'], 'diptych') : join(tmpdir(), `diptych-${userInfo().uid}`),
  }
}

/**
 * Makes `path` and its parents with mode 0700. Refuses a directory, or a link to one, that belongs to somebody else; takes
 * from others the right to write into one that was there before (not from a sticky one: that is a folder for all).
 */
export function ensurePrivateDirectory(path: string): string {
  makeDirectory(path)
  const found = statSync(path)
  if (!found.isDirectory()) throw new Error(`${path} is not a folder: move it away or set DIPTYCH_HOME to another`)
  if (found.uid !== userInfo().uid) throw new Error(`${path} belongs to user ${found.uid}: remove it or set DIPTYCH_HOME to a folder of yours`)
  const link = lstatSync(path).uid
  if (link !== found.uid) throw new Error(`${path} is a link of user ${link}: remove it or set DIPTYCH_HOME to a folder of yours`)
  if ((found.mode & 0o022) !== 0 && (found.mode & 0o1000) === 0) chmodSync(path, found.mode & 0o755)
  return path
}

/** Not mkdir's own `recursive`: below /proc, where nothing can be made, Node 20 then tries for ever. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(path) === path) throw error
    makeDirectory(dirname(path))
    mkdirSync(path, { mode: 0o700 })
  }
}
