import { describe, expect, it } from 'vitest'
import { fuzzSwitch } from '../../fuzz/switch-fuzz.ts'

/** Seeds that once found a fault stay here. */
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8]
/** `DIPTYCH_FUZZ_FRAMES=10000000` for the long run. */
const FRAMES = Number(process.env['DIPTYCH_FUZZ_FRAMES'] ?? 80_000)

describe('fuzzing the switch', () => {
  it.each(SEEDS)('delivers as the model says, seed %i', (seed) => {
    expect(fuzzSwitch(seed, FRAMES / SEEDS.length)).toBeGreaterThanOrEqual(FRAMES / SEEDS.length)
  })

  it('does not grow', () => {
    fuzzSwitch(9, 20_000)
    const before = process.memoryUsage().heapUsed
    fuzzSwitch(10, 40_000)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(256 * 1_048_576)
  })
})
