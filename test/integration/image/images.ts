import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

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

/** A raw disk that, booted by BIOS, says `BOOTED <text>` on its serial port. */
export function bootableDisk(path: string, text: string): string {
  execFileSync(fileURLToPath(new URL('build-boot-sector.sh', import.meta.url)), [path, text])
  return path
}

/** Boots a disk in a QEMU of its own and answers the first line that it says; rejects after five minutes. */
export function bootedWith(...drive: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('qemu-system-x86_64', ['-nodefaults', '-accel', 'tcg', '-m', '64', '-display', 'none', '-serial', 'stdio', '-no-reboot', ...drive], { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    let complaint = ''
    const giveUp = setTimeout(() => child.kill('SIGKILL'), 300_000)
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('\n')) child.kill('SIGKILL')
    })
    child.on('close', () => {
      clearTimeout(giveUp)
      if (said.includes('\n')) resolve(said.trim())
      else reject(new Error(`it said nothing: ${complaint}`))
    })
  })
}

const vmdkStream = '/usr/lib/python3/dist-packages/VMDKstream.py'
/** Whether VMDKstream is here, which writes streamOptimized VMDK by VMware's specification and has nothing of QEMU's. */
export const hasVmdkStream = existsSync(vmdkStream)

/** Has it write `raw` to `path`. */
export function throughVmdkStream(raw: string, path: string): string {
  execFileSync('/usr/bin/python3', [vmdkStream, raw, path])
  return path
}

/** Whether another program's disks can be shown here: xmount makes VDI, VHD and VMDK of a raw disk through FUSE. */
export const hasXmount = process.getuid?.() === 0 && existsSync('/dev/fuse') && spawnSync('xmount', ['--version']).error === undefined

/** Has xmount show `raw` in another format, and `look` at the file meanwhile. */
export async function throughXmount<T>(raw: string, format: 'vdi' | 'vhd' | 'vmdk', folder: string, look: (file: string) => Promise<T>): Promise<T> {
  mkdirSync(folder)
  execFileSync('xmount', ['--in', 'raw', raw, '--out', format, folder])
  try {
    const file = readdirSync(folder).find((name) => name.endsWith(`.${format}`))
    if (file === undefined) throw new Error(`xmount showed no ${format}`)
    return await look(join(folder, file))
  } finally {
    execFileSync('umount', [folder])
  }
}
