import { unshaped, type LinkConditions, type LinkShape, type LinkShapeChange } from '../contract/link.ts'

/** What the definition remembers as a shape. A `linkBandwidth` other than the shape's was written later: it holds for both directions. */
export function shapeFrom(link: LinkShape | undefined, linkBandwidth: number | null): LinkShape {
  const remembered = link ?? { tx: unshaped, rx: unshaped }
  return tighterRate(remembered) === linkBandwidth ? remembered : changeShape(remembered, { bitsPerSecond: linkBandwidth })
}

/** The slower direction's rate, null when neither is limited. */
export function tighterRate({ tx, rx }: LinkShape): number | null {
  const rates = [tx.bitsPerSecond, rx.bitsPerSecond].filter((rate) => rate !== null)
  return rates.length === 0 ? null : Math.min(...rates)
}

export interface ShapeChange extends Omit<LinkShapeChange, 'preset'> {
  readonly preset?: LinkShape | undefined
  /** Both directions; undefined leaves them. */
  readonly bitsPerSecond?: number | null | undefined
}

/** A preset first, then the rate, then what is named for both directions, then each direction's own. */
export function changeShape(before: LinkShape, change: ShapeChange): LinkShape {
  const base = change.preset ?? before
  const rate = change.bitsPerSecond === undefined ? {} : { bitsPerSecond: change.bitsPerSecond }
  const merge = (conditions: LinkConditions, own: ShapeChange['tx']): LinkConditions => ({ ...pick(conditions), ...rate, ...named(change.both), ...named(own) })
  return { tx: merge(base.tx, change.tx), rx: merge(base.rx, change.rx) }
}

export function isSameShape(left: LinkShape, right: LinkShape): boolean {
  return (['tx', 'rx'] as const).every((direction) => keys.every((key) => left[direction][key] === right[direction][key]))
}

const keys = ['bitsPerSecond', 'latencyMs', 'jitterMs', 'loss', 'reorder'] as const satisfies readonly (keyof LinkConditions)[]

function pick({ bitsPerSecond, latencyMs, jitterMs, loss, reorder }: LinkConditions): LinkConditions {
  return { bitsPerSecond, latencyMs, jitterMs, loss, reorder }
}

/** What is named, without the keys that are undefined. */
function named(change: ShapeChange['both']): Partial<LinkConditions> {
  return Object.fromEntries(Object.entries(change ?? {}).filter(([, value]) => value !== undefined))
}
