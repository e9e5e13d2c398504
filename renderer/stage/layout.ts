import type { GuestName } from '../../src/contract/names.ts'
import type { Layout, Settings } from '../store/settings.ts'

export const layouts: readonly { readonly value: Layout; readonly label: string }[] = [
  { value: 'side-by-side', label: 'Side by side' },
  { value: 'stacked', label: 'Stacked' },
  { value: 'grid', label: 'Grid' },
  { value: 'focus', label: 'One at a time' },
]

/** The layout in force: the chosen one, else side by side up to two guests and a grid from three. */
export function layoutFor(settings: Pick<Settings, 'layout'>, guests: number): Layout {
  return settings.layout ?? (guests <= 2 ? 'side-by-side' : 'grid')
}

/** The guest shown alone in the focus layout: the remembered one while it exists, else the first. */
export function focusedGuest(settings: Pick<Settings, 'focused'>, order: readonly GuestName[]): GuestName | null {
  return order.find((name) => name === settings.focused) ?? order[0] ?? null
}

/**
 * Which guests the stage shows, in order: those of the host's stage and those that are on, unless a person decided
 * otherwise for one. With nothing of that, all of them.
 */
export function guestsOnStage(
  order: readonly GuestName[],
  isOn: (name: GuestName) => boolean,
  stageGuests: readonly GuestName[],
  chosen: Settings['onStage'],
): readonly GuestName[] {
  const shown = order.filter((name) => chosen[name] ?? (stageGuests.includes(name) || isOn(name)))
  return shown.length > 0 ? shown : order.filter((name) => chosen[name] !== false)
}

/** Which guests stand in which row, top to bottom, left to right. */
export function rowsFor(layout: Layout, order: readonly GuestName[], focused: GuestName | null): readonly (readonly GuestName[])[] {
  switch (layout) {
    case 'side-by-side':
      return order.length === 0 ? [] : [order]
    case 'stacked':
      return order.map((name) => [name])
    case 'focus':
      return focused === null ? [] : [[focused]]
    case 'grid': {
      const columns = Math.ceil(Math.sqrt(order.length))
      const rows: GuestName[][] = []
      for (let start = 0; start < order.length; start += columns) rows.push(order.slice(start, start + columns))
      return rows
    }
  }
}
