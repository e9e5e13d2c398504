import { existsSync, linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MachineSpec } from '../../engine/engine.ts'
import { syncAside } from '../file/atomic.ts'

const folderName = 'kernel'
const files = { kernelPath: 'vmlinux', initrdPath: 'initrd.img' } as const

/** The kernel that the guest or template in `folder` is started with, which lies beside its disk; null for one that starts from the disk. */
export function kernelIn(folder: string): Extract<MachineSpec['boot'], { kind: 'kernel' }> | null {
  const at = (name: string) => join(folder, folderName, name)
  if (!existsSync(at('cmdline'))) return null
  return { kind: 'kernel', kernelPath: at(files.kernelPath), initrdPath: at(files.initrdPath), commandLine: readFileSync(at('cmdline'), 'utf8').trim() }
}

/** Puts the kernel that `boot` names into `folder`: as further names of the same files where that can be, else as copies. */
export async function keepKernel(boot: MachineSpec['boot'], folder: string): Promise<void> {
  if (boot.kind !== 'kernel') return
  const target = join(folder, folderName)
  mkdirSync(target, { mode: 0o700 })
  for (const [key, name] of Object.entries(files)) await linkOrCopy(boot[key as keyof typeof files], join(target, name)) // the keys of `files`
  writeFileSync(join(target, 'cmdline'), `${boot.commandLine}\n`, { mode: 0o600 })
  await Promise.all([syncAside(join(target, 'cmdline')), syncAside(target)])
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    linkSync(from, to)
  } catch {
    await copyFile(from, to) // another file system, or one without links
    await syncAside(to)
  }
}
