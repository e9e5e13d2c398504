import { ensureBuilt } from './compile.mjs'
import { ensureElectron } from './electron-binary.mjs'
import { checkNode } from './node-version.mjs'
import { ensureNpmPackages } from './npm-packages.mjs'
import { ensureSystemPackages } from './system-packages.mjs'

/** The repository, as a URL ending in a slash. */
export const root = new URL('../../', import.meta.url)

const runLists = ['build/bootstrap/packages.txt', 'build/guests/packages.txt']
const testLists = [...runLists, 'build/bootstrap/packages-test.txt']

/**
 * From a clone to everything in place; each step looks first, so that a second time takes milliseconds. Plain Node, only
 * built-in modules: a fresh clone has nothing else.
 */
export async function setUp({ forTests = false, electron = false, build = true } = {}) {
  checkNode(root)
  await ensureNpmPackages(root)
  await ensureSystemPackages(root, forTests ? testLists : runLists)
  if (electron) await ensureElectron(root)
  if (build) await ensureBuilt(root)
}
