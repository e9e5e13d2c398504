import { existsSync } from 'node:fs'
import type { Picture } from '../../src/screen/rfb-client.ts'
import { RfbClient } from '../../src/screen/rfb-client.ts'
import { openUnixScreen } from './unix-screen.ts'

/** The accents of the two demonstration pages (build/guests): what the *other* guest's screen fills with. */
export const accents = { linux: [0x0b, 0x6e, 0x4f], windows: [0x0b, 0x4f, 0x9e] } as const

/** A page counts as shown when a quarter of the screen has its colour. */
const share = 0.25
const tolerance = 10

/**
 * Watch only once the machine runs: QEMU 7.2 never repaints what a client that connected before a warm state was loaded
 * has not seen change. Resolves with the moment (performance.now) at which the screen at `socketPath` shows the page of that colour.
 */
export async function untilPage(socketPath: string, accent: readonly [number, number, number], limitMs = 600_000): Promise<number> {
  const deadline = performance.now() + limitMs
  while (performance.now() < deadline) {
    if (!existsSync(socketPath)) {
      await pause(3)
      continue
    }
    const client = new RfbClient(openUnixScreen(socketPath))
    try {
      await client.open()
      let incremental = false
      while (performance.now() < deadline) {
        if (portion(await client.update(incremental), accent) >= share) return performance.now()
        incremental = true
      }
    } catch {
      await pause(10) // the socket is not listening yet
    } finally {
      client.close()
    }
  }
  throw new Error(`no page on the screen at ${socketPath} within ${limitMs / 1000} s`)
}

function portion({ width, height, pixels }: Picture, accent: readonly [number, number, number]): number {
  const stride = 16
  let hits = 0
  let looked = 0
  for (let y = 0; y < height; y += stride) {
    for (let x = 0; x < width; x += stride) {
      const at = (y * width + x) * 4
      looked += 1
      if (accent.every((value, channel) => Math.abs((pixels[at + channel] ?? 0) - value) <= tolerance)) hits += 1
    }
  }
  return looked === 0 ? 0 : hits / looked
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })
}
