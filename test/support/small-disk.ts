import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'

/** Whether this process may mount one. */
export const maySmallDisk = process.getuid?.() === 0 && existsSync('/dev/loop-control')

/**
 * A small ext4 of its own at `directory`, in `image`, which must be on another file system. Not tmpfs: there a hole takes room
 * as soon as somebody maps and reads it, and a clone maps its template's memory. Without a journal what is deleted is free at once,
 * and without delayed allocation what is full stays full. Everything here happens in one turn: nothing of this process can write
 * in between.
 */
export class SmallDisk {
  readonly #directory: string

  constructor(directory: string, image: string, mebibytes: number) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    execFileSync('truncate', ['-s', `${mebibytes}M`, image])
    execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', '-O', '^has_journal', image])
    execFileSync('mount', ['-o', 'loop,nodelalloc', image, directory])
  }

  /** Takes all room but so much; with 0, the very last block. */
  fill(leaveMiB: number): void {
    const { bavail, bsize } = statfsSync(this.#directory)
    const bytes = bavail * bsize - leaveMiB * 1_048_576
    if (leaveMiB > 0 && bytes > 0) execFileSync('fallocate', ['-l', String(bytes), this.#filler], { stdio: 'ignore' })
    if (leaveMiB > 0) return
    // Each ends when no more of its blocks go in.
    for (const size of ['1M', '4K']) spawnSync('dd', ['if=/dev/zero', `of=${this.#filler}`, `bs=${size}`, 'oflag=append', 'conv=notrunc'], { stdio: 'ignore' })
  }

  free(): void {
    rmSync(this.#filler, { force: true })
  }

  /** Also while somebody still uses it. */
  unmount(): void {
    execFileSync('umount', ['-l', this.#directory])
  }

  get #filler(): string {
    return join(this.#directory, 'filler')
  }
}
