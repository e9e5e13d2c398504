const tile = 16

/**
 * One rectangle in hextile (RFC 6143, 7.7.4): tiles of one colour as background only, all others raw. `pixels` is
 * RGBA of the whole rectangle; the wire has 32-bit little-endian pixels with red in the lowest byte, noVNC's choice.
 */
export function hextile(pixels: Uint8ClampedArray, width: number, height: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(width * height * 4 + Math.ceil(width / tile) * Math.ceil(height / tile) * 5)
  let at = 0
  for (let top = 0; top < height; top += tile) {
    for (let left = 0; left < width; left += tile) {
      const columns = Math.min(tile, width - left)
      const rows = Math.min(tile, height - top)
      const first = (top * width + left) * 4
      if (isUniform(pixels, width, left, top, columns, rows)) {
        out[at] = 2
        out.set(pixels.subarray(first, first + 4), at + 1)
        at += 5
        continue
      }
      out[at] = 1
      at += 1
      for (let row = 0; row < rows; row += 1) {
        const start = ((top + row) * width + left) * 4
        out.set(pixels.subarray(start, start + columns * 4), at)
        at += columns * 4
      }
    }
  }
  return out.slice(0, at)
}

function isUniform(pixels: Uint8ClampedArray, width: number, left: number, top: number, columns: number, rows: number): boolean {
  const words = new Uint32Array(pixels.buffer, pixels.byteOffset, pixels.length / 4)
  const color = words[top * width + left]
  for (let row = top; row < top + rows; row += 1) {
    for (let column = left; column < left + columns; column += 1) if (words[row * width + column] !== color) return false
  }
  return true
}
