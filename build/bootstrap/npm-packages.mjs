import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { npmCommand, run } from './child.mjs'
import { say, SetupFailure } from './say.mjs'

/**
 * Whether what npm has installed (node_modules/.package-lock.json) is what the lockfile asks for. Optional packages may
 * be absent (they belong to other systems), but not differ.
 */
export function sameInstallation(wanted, installed) {
  return Object.entries(wanted.packages).every(([path, { version, optional, peer }]) => {
    if (path === '') return true
    const there = installed.packages?.[path]
    return there === undefined ? Boolean(optional || peer) : there.version === version
  })
}

/** Installs the npm packages of the lockfile, unless they are there. */
export async function ensureNpmPackages(root) {
  const lockText = readFileSync(new URL('package-lock.json', root), 'utf8')
  const stamp = new URL('node_modules/.diptych-stamp', root)
  const wanted = `${createHash('sha256').update(lockText).digest('hex')} ${process.platform} ${process.arch}\n`
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  const hidden = new URL('node_modules/.package-lock.json', root)
  if (!existsSync(hidden) || !sameInstallation(JSON.parse(lockText), JSON.parse(readFileSync(hidden, 'utf8')))) await install(root)
  writeFileSync(stamp, wanted)
}

async function install(root) {
  say('Installing npm packages (npm ci)…')
  const [file, args] = npmCommand()
  const npm = (...words) => run(file, [...args, ...words, '--no-fund', '--no-audit'], { cwd: root })
  let { code, output } = await npm('ci')
  // A registry that lacks other systems' optional packages makes npm write a lockfile that `npm ci` then refuses.
  // `npm install` takes the same versions from it.
  if (code !== 0 && output.includes('EUSAGE')) ({ code, output } = await npm('install', '--no-save'))
  if (code !== 0) throw new SetupFailure(`npm could not install the packages:\n${output.trim().split('\n').slice(-15).join('\n')}\nCheck the network and the registry npm uses, then start again.`, 5)
}
