import type { ControlChange } from '../../src/contract/control.ts'
import type { LinkConditions, LinkShapeChange, LinkView } from '../../src/contract/link.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { formatControl, readAmount } from './units.ts'

/** How a link's conditions are written. */
export const linkSettings = {
  rate: 'link=10Mbit, link=64kbit, link=1Gbit, link=unlimited, link=down or link=up',
  preset: 'link.preset=4g (`diptych presets` lists them)',
  latency: 'link.latency=40ms, link.jitter=5ms (one way, in each direction)',
  loss: 'link.loss=1%, link.reorder=0.5%',
  direction: 'link.up.… for what the guest sends, link.down.… for what reaches it: link.up.rate=2Mbit, link.down.loss=3%',
} as const

type Direction = 'both' | 'tx' | 'rx'
const directions: Readonly<Record<string, Direction>> = { up: 'tx', down: 'rx', tx: 'tx', rx: 'rx' }

/** Reads a setting whose key begins with `link`; null when it does not. Throws CommandFailure (usage). */
export function readLinkSetting(key: string, value: string): ControlChange | null {
  if (key === 'link') return readRate(value)
  const [first, ...rest] = key.split('.')
  if (first !== 'link' || rest.length === 0 || rest.length > 2) return null
  if (rest.length === 1 && rest[0] === 'preset') {
    if (!/^[a-z0-9-]{1,32}$/.test(value)) throw wrong(value, linkSettings.preset)
    return { link: { preset: value } }
  }
  const direction = rest.length === 2 ? directions[rest[0] ?? ''] : 'both'
  const condition = readCondition(rest.at(-1) ?? '', value)
  if (direction === undefined || condition === null) return null
  return { link: { [direction]: condition } }
}

/** Two changes as one; the conditions of a direction are put together. */
export function mergeLink(left: LinkShapeChange | undefined, right: LinkShapeChange | undefined): LinkShapeChange | undefined {
  if (left === undefined || right === undefined) return left ?? right
  const merged: LinkShapeChange = { ...left, ...right }
  for (const direction of ['both', 'tx', 'rx'] as const) if (left[direction] !== undefined && right[direction] !== undefined) merged[direction] = { ...left[direction], ...right[direction] }
  return merged
}

/** Bits per second, decimal units as networks count them (10Mbit is ten million). */
function readRate(text: string): ControlChange {
  if (text === 'up' || text === 'down') return { linkUp: text === 'up' }
  return { linkBandwidth: readBits(text) }
}

function readBits(text: string): number | null {
  if (text === 'unlimited') return null
  const amount = readAmount(text.replace(/\/s$/, ''), { bit: 1, kbit: 1e3, Mbit: 1e6, Gbit: 1e9 })
  if (amount === null || !Number.isInteger(amount) || amount === 0) throw wrong(text, linkSettings.rate)
  return amount
}

function readCondition(name: string, value: string): Partial<LinkConditions> | null {
  switch (name) {
    case 'rate':
    case 'bandwidth':
      return { bitsPerSecond: readBits(value) }
    case 'latency':
      return { latencyMs: readTime(value) }
    case 'jitter':
      return { jitterMs: readTime(value) }
    case 'loss':
      return { loss: readShare(value) }
    case 'reorder':
      return { reorder: readShare(value) }
    default:
      return null
  }
}

function readTime(text: string): number {
  const amount = readAmount(text, { ms: 1, s: 1000 })
  if (amount === null || amount > 10_000) throw wrong(text, `${linkSettings.latency}, at most 10s`)
  return amount
}

function readShare(text: string): number {
  const percent = readAmount(text, { '%': 1 })
  if (percent === null || percent > 100) throw wrong(text, linkSettings.loss)
  return percent / 100
}

function wrong(text: string, right: string): CommandFailure {
  return new CommandFailure(exitCodes.usage, `"${text}" is not a link setting.`, `Write ${right}.`)
}

/** `4G: up 12Mbit 30ms ±10ms loss 0.2%, down 40Mbit …`; one part when both directions are alike. */
export function formatLink({ requested: { tx, rx }, preset }: LinkView): string {
  const [up, down] = [formatConditions(tx), formatConditions(rx)]
  const words = up === down ? up : `up ${up}; down ${down}`
  return preset === null || preset === 'unshaped' ? words : `${preset}: ${words}`
}

function formatConditions({ bitsPerSecond, latencyMs, jitterMs, loss, reorder }: LinkConditions): string {
  const percent = (share: number) => `${Number((share * 100).toFixed(3))}%`
  const parts = [
    bitsPerSecond === null ? null : formatControl(bitsPerSecond, 'bit/s'),
    latencyMs === 0 && jitterMs === 0 ? null : `${latencyMs}ms${jitterMs === 0 ? '' : ` ±${jitterMs}ms`}`,
    loss === 0 ? null : `loss ${percent(loss)}`,
    reorder === 0 ? null : `reorder ${percent(reorder)}`,
  ].filter((part) => part !== null)
  return parts.length === 0 ? 'unshaped' : parts.join(' ')
}
