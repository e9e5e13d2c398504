import { open, stat } from 'node:fs/promises'

const largestBytes = 4 << 20
const keptBytes = 1 << 20
const lookEveryMs = 2_000

/**
 * Keeps QEMU's log from growing without bound: a guest can make QEMU complain as fast as it likes. QEMU holds the file
 * itself, opened for appending, because it outlives this process and a pipe would not; so a log that has grown too large
 * is cut in place to its newest part, after a line that says so. Returns how to stop looking.
 */
export function boundEngineLog(path: string, largest = largestBytes): () => void {
  let busy = false
  const look = async () => {
    if (busy) return
    busy = true
    await cutLog(path, largest, Math.min(keptBytes, largest / 4)).catch(() => undefined) // gone, or the disk is stuck: looked at again
    busy = false
  }
  const timer = setInterval(() => void look(), lookEveryMs).unref()
  void look()
  return () => clearInterval(timer)
}

/** Cuts a file that others append to, when it is larger than `largest`. What they write in that very moment may be lost. */
export async function cutLog(path: string, largest: number, kept: number): Promise<void> {
  if ((await stat(path)).size <= largest) return
  const file = await open(path, 'r+')
  try {
    const { size } = await file.stat()
    const newest = Buffer.alloc(kept)
    const { bytesRead } = await file.read(newest, 0, kept, size - kept)
    const end = newest.subarray(0, bytesRead)
    const whole = end.subarray(end.indexOf(10) + 1)
    await file.truncate(0)
    const appending = await open(path, 'a')
    try {
      await appending.appendFile(`[Diptych left out ${size - whole.length} bytes here: the log had grown over ${Math.round(largest / 1024)} KiB]\n`)
      await appending.appendFile(whole)
    } finally {
      await appending.close()
    }
  } finally {
    await file.close()
  }
}
