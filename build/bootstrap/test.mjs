import { parseArgs } from 'node:util'
import { addUp, closingLine } from './results.mjs'
import { runMain, SetupFailure } from './say.mjs'
import { setUp } from './setup.mjs'
import { stages } from './stages.mjs'

/**
 * `npm test [-- --only unit,contract]`: sets up and runs every stage, also after one has failed. The last line is
 * `N passed, N failed, N skipped` of the real results; the exit code is 1 when anything failed.
 */
await runMain(async () => {
  const chosen = choose()
  await setUp({ forTests: true, build: false })
  const all = []
  for (const stage of chosen) {
    console.log(`\n=== ${stage.title}`)
    const startedAt = performance.now()
    const results = await stage.run()
    all.push({ stage, results })
    console.log(`--- ${stage.title}: ${closingLine(results).replace(/,? 0 skipped/, '')} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  }
  const total = addUp(all.map(({ results }) => results))
  list('Skipped', total.skipped)
  list('Failed', total.failed)
  if (total.failed.length > 0) process.exitCode = 1
  console.log(`\n${closingLine(total)}`)
})

function choose() {
  const ids = stages.map((stage) => stage.id)
  let only
  try {
    only = parseArgs({ options: { only: { type: 'string' } } }).values.only
  } catch (error) {
    throw new SetupFailure(`${error.message}\nUsage: npm test [-- --only ${ids.join(',')}]`, 2)
  }
  if (only === undefined) return stages
  const wanted = only.split(',')
  const unknown = wanted.filter((id) => !ids.includes(id))
  if (unknown.length > 0) throw new SetupFailure(`There is no stage ${unknown.join(', ')}. Stages: ${ids.join(', ')}.`, 2)
  return stages.filter((stage) => wanted.includes(stage.id))
}

function list(title, entries) {
  if (entries.length === 0) return
  console.log(`\n${title}:`)
  for (const { name, reason } of entries) console.log(`  ${name}${reason ? `: ${reason.replaceAll('\n', '\n    ')}` : ''}`)
}
