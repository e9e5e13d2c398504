import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a capture takes on the disk: its file and, once that was full, the one of older traffic (src/node/switch/capture.ts). */
export async function captureBytes(path: string): Promise<number> {
  const sizes = await Promise.all([path, `${path}.1`].map((each) => stat(each).then(({ size }) => size, () => 0)))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Calls `tell` with the capture's size every so often, until the signal. */
export async function watchCaptureBytes(path: string, signal: AbortSignal, tell: (bytes: number) => void): Promise<void> {
  while (!signal.aborted) {
    const bytes = await captureBytes(path)
    if (signal.aborted) return
    tell(bytes)
    await sleep(lookMs, null, { signal }).catch(() => null) // ended: not looked at again
  }
}

const lookMs = 500
