import { GuestName } from '../../../src/contract/names.ts'
import type { SwitchClient } from '../../../src/network/client.ts'
import { UNSHAPED, type LinkConditions } from '../../../src/network/link-shaper.ts'
import { figure, type Figure } from '../document.ts'
import type { Endpoints } from './endpoints.ts'

const RUNS = 3
const sender = GuestName.parse('bench1')

/** How near the links come to what was asked of them, in the endpoints' own measure. All errors: 0 is exact. */
export async function shapingFigures(endpoints: Endpoints, ours: string, client: SwitchClient): Promise<Figure[]> {
  const shaped = async <Reading>(conditions: Partial<LinkConditions>, read: () => Promise<Reading>): Promise<Reading[]> => {
    await client.setLink(sender, { tx: conditions })
    const readings: Reading[] = []
    for (let turn = 0; turn < RUNS; turn++) readings.push(await read())
    await client.setLink(sender, { tx: UNSHAPED })
    return readings
  }
  const figures: Figure[] = []
  for (const megabits of [1, 10, 100, 1_000]) {
    const readings = await shaped({ bitsPerSecond: megabits * 1_000_000 }, () => endpoints.throughput(ours, 1_514))
    const errors = readings.map((each) => Math.abs((each.gbitPerSecond * 1_000) / megabits - 1))
    figures.push(figure('switch', `shaped-${megabits}Mbit-error`, 'share', 'lower', errors, null))
  }
  const [idle] = await shaped({}, () => endpoints.latency(ours, 500))
  for (const latencyMs of [1, 10, 40, 150]) {
    const readings = await shaped({ latencyMs }, () => endpoints.latency(ours, Math.round(4_000 / (latencyMs + 2))))
    // One direction is shaped, so a round trip is longer by the latency once.
    const excess = (microseconds: number) => Math.abs((microseconds - (idle?.p50 ?? 0)) / 1_000 - latencyMs)
    figures.push(figure('switch', `shaped-${latencyMs}ms-error-p50`, 'ms', 'lower', readings.map((each) => excess(each.p50)), null))
    figures.push(figure('switch', `shaped-${latencyMs}ms-error-p99`, 'ms', 'lower', readings.map((each) => excess(each.p99)), null))
  }
  for (const loss of [0.001, 0.01, 0.1]) {
    const sent = 50_000
    const readings = await shaped({ loss }, () => endpoints.count(ours, sent))
    // In units of half the binomial 99 % interval: at most 1 is within.
    const half = 2.576 * Math.sqrt(loss * (1 - loss) * sent)
    figures.push(figure('switch', `shaped-${loss * 100}percent-loss-error`, '99 % intervals', 'lower', readings.map((arrived) => Math.abs(sent - arrived - loss * sent) / half), null))
  }
  return figures
}
