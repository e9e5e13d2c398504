import { existsSync } from 'node:fs'
import { runMain, SetupFailure } from './say.mjs'
import { root, setUp } from './setup.mjs'

/** `npm run bench:NAME -- --json`: sets up (words on stderr), then runs the benchmark NAME from the built bench entry. */
await runMain(async () => {
  await setUp({ forTests: true })
  const entry = new URL('out/main/bench.js', root)
  if (!existsSync(entry)) throw new SetupFailure('This build has no benchmarks (test/bench/bench.ts).', 5)
  await import(entry.href)
})
