import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findResources } from '../../main/resources.ts'
import { run as runClone } from './clone.ts'
import type { BenchDocument } from './document.ts'
import { run as runMixer } from './mixer.ts'
import { savePerformance } from './performance-page.ts'
import { run as runScreen } from './screen.ts'
import { run as runSnapshot } from './snapshot.ts'
import { run as runStart } from './start.ts'
import { run as runSwitch } from './switch/bench.ts'

/** Entry of `npm run bench:<name> -- --json`: one JSON document on stdout; exit code 0 if it ran, whatever it found. */
const benches: Readonly<Record<string, () => Promise<BenchDocument>>> = {
  start: runStart,
  screen: runScreen,
  clone: runClone,
  mixer: runMixer,
  snapshot: runSnapshot,
  switch: () => runSwitch(join(findResources().root, 'out', 'main', 'switch.js')),
}

const { positionals, values } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' }, save: { type: 'boolean' } } })
const bench = benches[positionals[0] ?? '']
if (bench === undefined) {
  process.stderr.write(`There is no benchmark "${positionals[0] ?? ''}". There are: ${Object.keys(benches).join(', ')}.\n`)
  process.exitCode = 2
} else {
  const document = await bench()
  if (values.save === true) savePerformance(findResources().root, document)
  process.stdout.write(`${values.json === true ? JSON.stringify(document, null, 2) : words(document)}\n`)
}

function words(document: BenchDocument): string {
  return document.figures
    .map((each) => {
      const beside = each.yardstick === null ? '' : ` (${each.ours} beside ${each.yardstick})`
      const goal = each.goal === null ? '' : `, goal ${each.goal}: ${each.holds === true ? 'holds' : 'DOES NOT HOLD'}`
      return `${each.id}: ${each.value} ${each.unit}${beside}${goal}`
    })
    .join('\n')
}
