import react from '@vitejs/plugin-react'
import { defineConfig } from 'electron-vite'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

const at = (path: string) => resolve(import.meta.dirname, path)
/** An installed copy is built without the tests, so without their benchmarks. */
const bench = existsSync(at('test/bench/bench.ts')) ? { bench: at('test/bench/bench.ts') } : {}

/**
 * One build for both shells. `main` holds every Node entry: the Electron shell, the serve shell, the CLI and the
 * switch process, each a file in out/main; nothing is left external but electron, so an installed copy needs no
 * node_modules.
 */
export default defineConfig({
  main: {
    build: {
      target: 'node20',
      externalizeDeps: false,
      outDir: 'out/main',
      rollupOptions: {
        input: { electron: at('main/shell/electron.ts'), diptych: at('main/cli/diptych.ts'), switch: at('main/switch.ts'), ...bench },
        // The benchmarks drive a browser from a checkout, where its package is; it does not stand being bundled.
        external: [/^playwright/, /^@playwright\//],
      },
    },
  },
  preload: {
    build: {
      target: 'node20',
      externalizeDeps: false,
      outDir: 'out/preload',
      rollupOptions: { input: { preload: at('main/shell/preload.ts') }, output: { format: 'cjs', entryFileNames: '[name].cjs' } },
    },
  },
  renderer: {
    root: at('renderer'),
    plugins: [react()],
    build: { minify: true, outDir: at('out/renderer'), rollupOptions: { input: { index: at('renderer/index.html') } } },
  },
})
