import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export const qemuImg = (...args: string[]): string => execFileSync('qemu-img', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/** A folder that goes with `end`, and disks in it. */
export class Workshop {
  readonly folder = mkdtempSync(join(tmpdir(), 'diptych-image-'))

  path(name: string): string {
    return join(this.folder, name)
  }

  write(name: string, content: string | Uint8Array): string {
    const path = this.path(name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    return path
  }

  /** A raw disk of 24 MiB with a boot sector and recognisable content here and there. */
  raw(name = 'disk.raw'): string {
    const disk = Buffer.alloc(24 << 20)
    disk.write('boot code', 0)
    disk.writeUInt16LE(0xaa55, 510)
    for (let at = 1 << 20; at < disk.length; at += 3 << 20) disk.fill(`content at ${at};`, at, at + 70_000)
    return this.write(name, disk)
  }

  convert(from: string, to: string, format: string, ...options: string[]): string {
    qemuImg('convert', '-f', 'raw', '-O', format, ...(options.length === 0 ? [] : ['-o', options.join(',')]), from, this.path(to))
    return this.path(to)
  }

  same(left: string, leftFormat: string, right: string, rightFormat: string): boolean {
    try {
      qemuImg('compare', '-f', leftFormat, '-F', rightFormat, left, right)
      return true
    } catch {
      return false
    }
  }

  /** Overwrites bytes in the middle of a file. */
  patch(name: string, at: number, bytes: Uint8Array | string): string {
    const content = readFileSync(this.path(name))
    Buffer.from(bytes).copy(content, at)
    return this.write(name, content)
  }

  tar(name: string, ...args: string[]): string {
    execFileSync('tar', ['-C', this.folder, ...args, '-f', this.path(name)])
    return this.path(name)
  }

  end(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Processes of qemu-img that have a file in `folder` open or named. */
export function convertersOf(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'qemu-img' && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder)
    } catch {
      return false // ended since
    }
  })
}
