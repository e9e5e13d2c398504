import { runMain } from './say.mjs'
import { root, setUp } from './setup.mjs'

/** `npm run keynote -- ARGS`: sets up (words on stderr), then runs `diptych keynote ARGS`. */
await runMain(async () => {
  await setUp()
  process.argv.splice(2, 0, 'keynote')
  await import(new URL('out/main/diptych.js', root).href)
})
