import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

/** What bounds a wait is there to end a hopeless one: slow machines are no failure. */
const patient = { testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { timeout: 60_000 } } }

/**
 * One project per kind of test, so that a quick run (`npm run unit`) and the full run (`npm test`) share one
 * configuration. Integration tests start real processes one file at a time: the machine may have two cores.
 */
export default defineConfig({
  test: {
    projects: [
      { test: { ...patient, name: 'unit', environment: 'node', include: ['src/**/*.test.ts', 'main/**/*.test.ts', 'test/shape/**/*.test.ts', 'build/bootstrap/**/*.test.mjs'] } },
      { plugins: [react()], test: { ...patient, name: 'renderer', environment: 'happy-dom', include: ['renderer/**/*.test.{ts,tsx}'] } },
      { test: { ...patient, name: 'contract', environment: 'node', include: ['test/contract/**/*.test.ts'] } },
      {
        test: {
          name: 'integration',
          environment: 'node',
          include: ['test/integration/**/*.test.ts', 'test/guest/**/*.test.ts', 'test/renderer/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 900_000,
          hookTimeout: 900_000,
          expect: { poll: { timeout: 300_000 } },
        },
      },
    ],
  },
})
