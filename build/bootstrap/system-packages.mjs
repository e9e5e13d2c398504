import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { run, succeeds } from './child.mjs'
import { say, SetupFailure } from './say.mjs'

/** The package names of a list: the first word of every line that is no comment. */
export function packageNames(text) {
  return text.split('\n').map((line) => line.replace(/#.*/, '').trim().split(/\s+/)[0]).filter((name) => name !== '')
}

/** Those of `names` that `dpkg-query -W -f '${Package} ${db:Status-Status}\n'` does not show as installed. */
export function missingPackages(names, queryOutput) {
  const installed = new Set(queryOutput.split('\n').flatMap((line) => (line.endsWith(' installed') ? [line.split(' ')[0]] : [])))
  return names.filter((name) => !installed.has(name))
}

/** The one command a person runs when we may not. */
export function installCommand(names) {
  return `sudo apt-get update && sudo apt-get install --yes --no-install-recommends ${names.join(' ')}`
}

/**
 * Installs the Debian packages of the lists that are missing: as root or with a sudo that asks for no password, else by
 * telling the one command. A stamp of the lists and of dpkg's state makes the usual case one stat.
 */
export async function ensureSystemPackages(root, lists) {
  const names = [...new Set(lists.flatMap((list) => packageNames(readFileSync(new URL(list, root), 'utf8'))))].sort()
  const dpkgStatus = '/var/lib/dpkg/status'
  if (!existsSync(dpkgStatus)) {
    say(`This system has no dpkg, so its packages are not checked. Diptych needs what Debian calls: ${names.join(' ')}`)
    return
  }
  const key = () => `${createHash('sha256').update(names.join(' ')).digest('hex')} ${statSync(dpkgStatus).mtimeMs}\n`
  const stamp = new URL(`node_modules/.diptych-system-${lists.length}`, root)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key()) return
  const missing = await queryMissing(names)
  if (missing.length > 0) await install(missing)
  writeFileSync(stamp, key())
}

async function queryMissing(names) {
  const { output } = await run('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names])
  return missingPackages(names, output)
}

async function install(missing) {
  const prefix = process.getuid?.() === 0 ? [] : succeeds('sudo', ['-n', 'true']) ? ['sudo', '-n'] : null
  if (prefix === null) throw new SetupFailure(`${missing.length} system packages are missing. Run this once, then start again:\n\n  ${installCommand(missing)}\n`)
  say(`Installing ${missing.length} system packages: ${missing.join(' ')}`)
  const apt = (...args) => {
    const [file, ...rest] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', ...args]
    return run(file, rest)
  }
  const ask = () => apt('install', '--yes', '--no-install-recommends', ...missing)
  await apt('update')
  const { code, output } = await ask()
  const still = await queryMissing(missing)
  if (code === 0 && still.length === 0) return
  throw new SetupFailure(`These system packages could not be installed: ${still.join(' ')}\n${output.trim().split('\n').slice(-8).join('\n')}\nRun this to see more:\n\n  ${installCommand(still)}\n`)
}
