import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Files of the application that are not bundled: recipe scripts, the switch's entry, the built window. */
export interface Resources {
  readonly root: string
  readonly recipes: string
  readonly switchEntry: string
  readonly renderer: string
}

/** Found by walking up from this module to the folder that holds `build/guests`, so that it works bundled and not. */
export function findResources(from: string = dirname(fileURLToPath(import.meta.url))): Resources {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'build', 'guests'))) {
      return { root: folder, recipes: join(folder, 'build', 'guests'), switchEntry: join(folder, 'out', 'main', 'switch.js'), renderer: join(folder, 'out', 'renderer') }
    }
    if (dirname(folder) === folder) throw new Error(`no build/guests above ${from}: the installation is incomplete, install Diptych again`)
  }
}
