import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { fuzzSwitch } from '../../fuzz/switch-fuzz.ts'

/** Seeds that once found a fault stay here. */
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8]
/** `DIPTYCH_FUZZ_FRAMES=10000000` for the long run. */
const FRAMES = Number(process.env['DIPTYCH_FUZZ_FRAMES'] ?? 80_000)

describe('fuzzing the switch', () => {
  it.each(SEEDS)('delivers as the model says, seed %i', { timeout: 3_600_000 }, (seed) => {
    expect(fuzzSwitch(seed, FRAMES / SEEDS.length)).toBeGreaterThanOrEqual(FRAMES / SEEDS.length)
  })

  it('does not grow', { timeout: 3_600_000 }, () => {
    const heap: number[] = []
    const every = FRAMES / 4
    fuzzSwitch(9, FRAMES, (sent) => {
      if (sent < every * (heap.length + 1)) return
      collect()
      heap.push(process.memoryUsage().heapUsed / 1_048_576)
    })
    if (FRAMES > 1_000_000) process.stderr.write(`heap in MiB after each quarter of ${FRAMES} frames to one switch: ${heap.map((each) => each.toFixed(1)).join(' ')}; resident ${(process.memoryUsage.rss() / 1_048_576).toFixed(0)}\n`)
    expect((heap.at(-1) ?? Number.NaN) - (heap[0] ?? Number.NaN)).toBeLessThan(16)
  })
})

/** Collects garbage in full, so that what is left is in use. */
const collect: () => void = (() => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void // what the flag puts there
})()
