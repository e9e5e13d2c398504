import { access, constants, link, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { ImportMode } from '../../contract/image.ts'
import { Refusal } from '../../contract/refusal.ts'
import { driverOf, type DiskNode } from '../../image/block-graph.ts'
import { damaged, demand, unsupported } from '../../image/image-problem.ts'
import { writeDescriptor } from '../../image/vmdk-descriptor.ts'
import { checkImage, type ConvertOptions, convertToQcow2, sameContent } from './convert.ts'
import type { ExaminedDisk } from './examine-disk.ts'
import { noteOriginals, type Originals } from './moved-originals.ts'
import { demandQemuImg } from './qemu-img.ts'

/** A disk.qcow2 that is ready, on the guests' file system. */
export interface StagedDisk {
  readonly path: string
  /** What to give up once the guest is there; null for nothing. */
  readonly originals: Originals | null
}

/** Makes `disk.qcow2` in `folder` out of a judged disk. What it leaves when it rejects goes with the folder. */
export async function stageDisk(disk: ExaminedDisk, mode: ImportMode, folder: string, options: ConvertOptions): Promise<StagedDisk> {
  const path = join(folder, 'disk.qcow2')
  if (mode === 'in-place') {
    await makeOverlay(disk, path, options.signal)
    return { path, originals: null }
  }
  if (mode === 'move') await demandRemovable(disk)
  if (mode === 'move' && (await linkInto(disk, path, options.signal))) return { path, originals: await noteOriginals(folder, disk.files) }
  const what = `importing ${basename(disk.path)}`
  const share = mode === 'move' ? 0.7 : 1
  const node = await trustedNode(disk, folder)
  await convertToQcow2(node, path, what, { signal: options.signal, progressed: (fraction) => options.progressed(fraction * share) })
  if (mode === 'move') {
    const same = await sameContent(node, path, options.signal, (fraction) => options.progressed(share + fraction * (1 - share)))
    demand(same, () => damaged('the copy differs from it, so it stays where it is', 'Check the disk it is on, then try again.'))
  }
  if (node.path !== disk.path) await rm(node.path)
  return { path, originals: mode === 'move' ? await noteOriginals(folder, disk.files) : null }
}

/** For a VMDK in several files QEMU gets a description that was written here, of the files that were judged. */
async function trustedNode(disk: ExaminedDisk, folder: string): Promise<DiskNode> {
  if (disk.parts.length === 0) return disk
  const path = join(folder, 'parts.vmdk')
  await writeFile(path, writeDescriptor(disk.parts), { mode: 0o600 })
  return { ...disk, path }
}

/** QEMU goes by the headers again at each start, so the original must need no more than itself, and say its size plainly. */
async function makeOverlay(disk: ExaminedDisk, path: string, signal: AbortSignal): Promise<void> {
  demand(disk.window === null, () => unsupported('it lies in an archive, so it cannot be used in place', 'Leave out --in-place to import a copy.'))
  demand(disk.backing === null && disk.dataPath === null, () => unsupported('it is based on another file, so it cannot be used in place', 'Leave out --in-place to import a copy, which stands alone.'))
  demand(disk.facts.plainFrom === null, () => unsupported('QEMU does not take its layout, so it cannot be used in place', 'Leave out --in-place to import a copy.'))
  await checkImage(disk, signal)
  const driver = driverOf[disk.facts.format]
  const info = JSON.parse(await demandQemuImg(['info', '--output=json', '-f', driver, disk.path], 'the original cannot be used in place', { signal })) as { 'virtual-size'?: number }
  demand(info['virtual-size'] === disk.facts.virtualBytes, () => unsupported('QEMU takes it for a disk of another size than its maker did, so it cannot be used in place', 'Leave out --in-place to import a copy.'))
  await demandQemuImg(['create', '-q', '-u', '-f', 'qcow2', '-F', driver, '-b', disk.path, path, String(disk.facts.virtualBytes)], 'the overlay could not be made', { signal })
}

/** A qcow2 that stands alone becomes the guest's disk as it is: a second name first, so that there is always one. */
async function linkInto(disk: ExaminedDisk, path: string, signal: AbortSignal): Promise<boolean> {
  if (disk.facts.format !== 'qcow2' || disk.files.length > 1 || disk.window !== null) return false
  const writable = await access(disk.path, constants.W_OK).then(
    () => true,
    () => false,
  )
  if (!writable) return false
  await checkImage(disk, signal)
  return link(disk.path, path).then(
    () => true,
    () => false, // another file system, or one without links: it is copied
  )
}

async function demandRemovable(disk: ExaminedDisk): Promise<void> {
  const names = await Promise.all(disk.files.map((file) => stat(file)))
  for (const [index, file] of disk.files.entries()) {
    const removable = await access(dirname(file), constants.W_OK).then(
      () => true,
      () => false,
    )
    if (!removable) throw new Refusal('unsupported', basename(file), 'it cannot be removed from its folder, which may not be written', 'Import a copy instead, without --move.')
    if ((names[index]?.nlink ?? 1) > 1) throw new Refusal('in-use', basename(file), 'it has another name (a hard link), so something else may use it', 'Import a copy instead, without --move.')
  }
}
