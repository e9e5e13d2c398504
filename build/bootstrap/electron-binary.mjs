import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { run } from './child.mjs'
import { say } from './say.mjs'

/** Electron's executable, or null: the package ships none, its installer downloads it. */
export function electronBinary(root) {
  const folder = new URL('node_modules/electron/', root)
  const name = new URL('path.txt', folder)
  if (!existsSync(name)) return null
  const binary = new URL(`dist/${readFileSync(name, 'utf8').trim()}`, folder)
  return existsSync(binary) ? fileURLToPath(binary) : null
}

/**
 * Fetches Electron's binary once per version. Not being able to is no failure: the window then opens in Chromium, and
 * nothing is tried again until the version changes. ELECTRON_SKIP_BINARY_DOWNLOAD=1 does without from the start.
 */
export async function ensureElectron(root, env = process.env) {
  if (electronBinary(root) !== null || env.ELECTRON_SKIP_BINARY_DOWNLOAD) return
  const folder = new URL('node_modules/electron/', root)
  const { version } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'))
  const stamp = new URL('node_modules/.diptych-electron', root)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === version) return
  say(`Fetching Electron ${version}…`)
  const { code } = await run(process.execPath, [fileURLToPath(new URL('install.js', folder))], { timeoutMs: 180_000 })
  if (code === 0 && electronBinary(root) !== null) return
  say('Electron could not be fetched; the window will open in Chromium instead.')
  writeFileSync(stamp, version)
}
