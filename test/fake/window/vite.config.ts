import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { resolve } from 'node:path'

/** The window over the fake host: `npx vite test/fake/window`, then open `/?scenario=running`. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  cacheDir: resolve(import.meta.dirname, '../../../node_modules/.vite-fake'),
  server: { host: '127.0.0.1', port: 5180, strictPort: true, fs: { allow: [resolve(import.meta.dirname, '../../..')] } },
  build: { outDir: resolve(import.meta.dirname, '../../../out/fake-window'), emptyOutDir: true },
})
