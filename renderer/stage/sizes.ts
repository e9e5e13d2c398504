import { z } from 'zod'

const Sizes = z.record(z.string(), z.number())

/** Panel sizes in percent, as the person last left them; undefined for the default. */
export function loadSizes(storage: Pick<Storage, 'getItem'>, id: string): Record<string, number> | undefined {
  try {
    return Sizes.parse(JSON.parse(storage.getItem(`diptych.sizes.${id}`) ?? 'null'))
  } catch {
    // Nothing remembered, or nothing readable: the default will do.
    return undefined
  }
}

export function saveSizes(storage: Pick<Storage, 'setItem'>, id: string, sizes: Record<string, number>): void {
  try {
    storage.setItem(`diptych.sizes.${id}`, JSON.stringify(sizes))
  } catch {
    // Storage is full or forbidden: the divider works, it is only not remembered.
  }
}
