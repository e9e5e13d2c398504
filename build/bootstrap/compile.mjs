import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './child.mjs'
import { say, SetupFailure } from './say.mjs'

/** What the build reads. */
const inputs = ['src', 'main', 'renderer', 'test/bench', 'electron.config.ts', 'package-lock.json', 'package.json']
const outputs = ['out/main/diptych.js', 'out/main/switch.js', 'out/preload/preload.cjs', 'out/renderer/index.html']

/** A digest of names, sizes and times of all inputs: changes when any file is edited, added, removed or checked out. */
export function fingerprint(root, paths = inputs) {
  const hash = createHash('sha256')
  const visit = (path) => {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found === undefined) return
    if (found.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name))
    else if (!/\.test\.tsx?$/.test(path)) hash.update(`${path} ${found.size} ${found.mtimeMs}\n`)
  }
  for (const path of paths) visit(join(root, path))
  return hash.digest('hex')
}

/** Builds out/ when a source has changed since the last build. */
export async function ensureBuilt(rootUrl) {
  const root = fileURLToPath(rootUrl)
  const stamp = join(root, 'out/.built')
  const now = fingerprint(root)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === now && outputs.every((path) => existsSync(join(root, path)))) return
  say('Building…')
  const vite = join(root, 'node_modules/electron-vite/bin/electron-vite.js')
  const { code, output } = await run(process.execPath, [vite, 'build', '--config', 'electron.config.ts'], { cwd: root })
  if (code !== 0) throw new SetupFailure(`The build failed:\n${output.trim().split('\n').slice(-30).join('\n')}`, 5)
  mkdirSync(join(root, 'out'), { recursive: true })
  writeFileSync(stamp, now)
}
