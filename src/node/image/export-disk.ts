import { rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ExportFormat } from '../../contract/image.ts'
import { Refusal } from '../../contract/refusal.ts'
import { syncAside } from '../file/atomic.ts'
import type { ConvertOptions } from './convert.ts'
import { demandRoom } from './free-space.ts'
import { looseOf } from './partial-file.ts'
import { demandQemuImg } from './qemu-img.ts'
import { repackVmdk } from './repack-vmdk.ts'

type DiskExport = Exclude<ExportFormat, 'ova'>

/**
 * Per format: QEMU's driver and options. VHD keeps its exact size (its geometry would round it); VMDK is the one that
 * travels; QEMU's is put into the order of the specification, which other programs insist on.
 */
const outputs: Readonly<Record<DiskExport, { readonly driver: string; readonly options: readonly string[] }>> = {
  qcow2: { driver: 'qcow2', options: ['-o', 'compat=1.1'] },
  raw: { driver: 'raw', options: ['-S', '64k'] },
  vmdk: { driver: 'vmdk', options: ['-o', 'subformat=streamOptimized'] },
  vhd: { driver: 'vpc', options: ['-o', 'subformat=dynamic,force_size=on'] },
  vhdx: { driver: 'vhdx', options: ['-o', 'subformat=dynamic'] },
}

/** Virtual Hard Disk specification 1.0: the block table of a dynamic disk reaches no further. */
const largestVhd = 2_040 * 2 ** 30
const slack = 64 * 2 ** 20

/** Size of a stopped guest's disk, and what its data takes at most, in bytes. */
export async function measureDisk(disk: string, signal: AbortSignal): Promise<{ virtualBytes: number; dataBytes: number }> {
  const what = 'the disk could not be read'
  const info = JSON.parse(await demandQemuImg(['info', '--output=json', '-f', 'qcow2', disk], what, { signal })) as { 'virtual-size': number }
  const measured = JSON.parse(await demandQemuImg(['measure', '--output=json', '-f', 'qcow2', '-O', 'qcow2', disk], what, { signal })) as { required: number }
  return { virtualBytes: info['virtual-size'], dataBytes: measured.required }
}

/** What a copy of a disk that stands alone takes at most, in bytes; headers only, so also while a guest writes to it. */
export async function dataBytes(disk: string): Promise<number> {
  const chain = JSON.parse(await demandQemuImg(['info', '-U', '--backing-chain', '--output=json', '-f', 'qcow2', disk], 'the disk could not be read')) as { 'virtual-size': number; 'actual-size': number }[]
  const held = chain.reduce((sum, image) => sum + image['actual-size'], 0)
  return Math.min(held, chain[0]?.['virtual-size'] ?? held) + slack
}

/**
 * Writes a stopped guest's disk, whatever it is based on included, to `target` and to the medium. QEMU's own lock keeps the
 * guest from being started meanwhile. `copies`: how often the data will stand there at the peak.
 */
export async function exportDisk(disk: string, target: string, format: DiskExport, options: ConvertOptions & { compress: boolean; copies: number }): Promise<{ virtualBytes: number; fileBytes: number }> {
  const { signal, progressed } = options
  const { virtualBytes, dataBytes } = await measureDisk(disk, signal)
  if (format === 'vhd' && virtualBytes > largestVhd) throw new Refusal('unsupported', 'a VHD', 'it holds at most 2040 GiB', 'Export it as VHDX.')
  await demandRoom(dirname(target), (dataBytes + slack) * options.copies, 'the export')
  const { driver, options: fixed } = outputs[format]
  const compress = options.compress && format === 'qcow2' ? ['-c'] : []
  const written = format === 'vmdk' ? looseOf(target) : target
  const share = format === 'vmdk' ? 0.8 : 1
  await demandQemuImg(['convert', '-p', '-f', 'qcow2', '-O', driver, ...fixed, ...compress, disk, written], 'the disk could not be exported', { signal, progressed: (fraction) => progressed(fraction * share) })
  if (format === 'vmdk') {
    await repackVmdk(written, target, { signal, progressed: (fraction) => progressed(share + fraction * (1 - share)) })
    await rm(written)
  }
  await syncAside(target)
  return { virtualBytes, fileBytes: (await stat(target)).size }
}
