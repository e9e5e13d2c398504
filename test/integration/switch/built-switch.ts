import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'vite'

const root = resolve(import.meta.dirname, '../../..')

/** Builds main/switch.ts alone, as electron.config.ts does, into a directory of its own. Returns the program's path. */
export async function buildSwitch(): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), 'diptych-switch-build-'))
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    ssr: { noExternal: true, target: 'node' },
    build: { ssr: resolve(root, 'main/switch.ts'), outDir, target: 'node20', rollupOptions: { output: { entryFileNames: 'switch.js', format: 'es' } } },
  })
  return join(outDir, 'switch.js')
}
