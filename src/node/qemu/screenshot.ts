import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { EngineFault } from '../../engine/engine.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'

let counter = 0

/** Two 8K screens: whoever looks has to unpack it, and the guest chooses how large its screen is. */
const mostPixels = 2 * 7680 * 4320
const mostBytes = 3 * mostPixels + 1024

/** Takes the screen as PNG through `screendump` (qapi/ui.json), converting from PPM where QEMU has no PNG. */
export async function takeScreenshot(qmp: QmpSession, directory: string, png: boolean): Promise<{ png: Uint8Array; width: number; height: number }> {
  const path = join(directory, `shot-${process.pid}-${counter++}`)
  try {
    await qmp.execute('screendump', png ? { filename: path, format: 'png' } : { filename: path })
    const { size } = await stat(path)
    if (size > mostBytes) throw new EngineFault('qemu', `The guest's screen is too large for a picture (${size >> 20} MiB)`)
    const bytes = await readFile(path)
    return png ? measured(bytes) : fromPpm(bytes)
  } finally {
    await rm(path, { force: true })
  }
}

/** A PNG with its size, from its first chunk (PNG specification, 11.2.2). */
export function measured(png: Buffer): { png: Uint8Array; width: number; height: number } {
  if (png.length < 24) throw new EngineFault('qemu', 'QEMU wrote a picture that is not a PNG')
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  if (width * height > mostPixels) throw new EngineFault('qemu', `The guest's screen is too large for a picture (${width}x${height})`)
  return { png, width, height }
}

/** A binary PPM (P6, 8 bits a channel; netpbm ppm(5)) as PNG. */
export function fromPpm(bytes: Buffer): { png: Uint8Array; width: number; height: number } {
  const header = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(bytes.subarray(0, 64).toString('latin1'))
  if (header === null) throw new EngineFault('qemu', 'QEMU wrote a picture that is not a PPM')
  const width = Number(header[1])
  const height = Number(header[2])
  const image = new PNG({ width, height })
  for (let from = header[0].length, to = 0; to < image.data.length; from += 3, to += 4) {
    bytes.copy(image.data, to, from, from + 3)
    image.data[to + 3] = 255
  }
  return { png: PNG.sync.write(image), width, height }
}
