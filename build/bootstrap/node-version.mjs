import { readFileSync } from 'node:fs'
import { say, SetupFailure } from './say.mjs'

/** Why this Node will not do, or null. `wanted` is package.json's `engines.node`, of the form ">=20.19". */
export function nodeProblem(version, wanted) {
  const [major, minor] = /^>=(\d+)\.(\d+)$/.exec(wanted)?.slice(1).map(Number) ?? [0, 0]
  const [ownMajor = 0, ownMinor = 0] = version.replace(/^v/, '').split('.').map(Number)
  if (ownMajor > major || (ownMajor === major && ownMinor >= minor)) return null
  return `Diptych needs Node.js ${major}.${minor} or newer; this is ${version}.\nInstall it (Debian 13: sudo apt-get install nodejs npm; any system: nvm install ${major}) and start again.`
}

export function checkNode(root) {
  const problem = nodeProblem(process.versions.node, JSON.parse(readFileSync(new URL('package.json', root), 'utf8')).engines.node)
  if (problem !== null) throw new SetupFailure(problem)
  if (process.platform !== 'linux') say(`Diptych is made for Linux; on ${process.platform} it is untested.`)
}
