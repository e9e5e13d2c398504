import jsQR from 'jsqr'
import type { Picture } from './rfb-client.ts'

/** The text of the QR code on the picture, or null when there is none that can be read. */
export function readQrCode(picture: Picture): string | null {
  if (picture.width === 0 || picture.height === 0) return null
  return jsQR(picture.pixels, picture.width, picture.height, { inversionAttempts: 'dontInvert' })?.data ?? null
}
