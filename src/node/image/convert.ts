import { dirname } from 'node:path'
import { type DiskNode, blockName } from '../../image/block-graph.ts'
import { damaged, demand } from '../../image/image-problem.ts'
import { syncAside } from '../file/atomic.ts'
import { demandRoom } from './free-space.ts'
import { demandQemuImg, qemuImgFault, runQemuImg } from './qemu-img.ts'

export interface ConvertOptions {
  readonly signal: AbortSignal
  progressed(fraction: number): void
}

/** How much a file may exceed what qemu-img itself has measured; tables round up. */
const slack = 64 * 2 ** 20

/**
 * Writes a disk as a qcow2 of its own at `target`, which must not exist. Its tables are checked first, then the room it
 * takes. Resolves when everything is on the disk; leaves a partial `target` when it rejects, for the caller to discard.
 */
export async function convertToQcow2(node: DiskNode, target: string, what: string, options: ConvertOptions): Promise<void> {
  const { signal } = options
  await checkImage(node, signal)
  const required = await measure(node, what, signal)
  await demandRoom(dirname(target), required, what)
  await demandQemuImg(['convert', '-p', '-O', 'qcow2', blockName(node), target], what, { signal, progressed: options.progressed, largestFile: required + slack })
  await syncAside(target)
}

/** What a qcow2 of this disk takes at most, in bytes. QEMU must see a disk of the same size as its header says. */
async function measure(node: DiskNode, what: string, signal: AbortSignal): Promise<number> {
  const info = JSON.parse(await demandQemuImg(['info', '--output=json', blockName(node, { alone: true })], what, { signal })) as { 'virtual-size'?: number }
  demand(info['virtual-size'] === node.facts.virtualBytes, () => damaged(`its header says ${node.facts.virtualBytes} bytes, QEMU finds ${info['virtual-size']}`))
  const measured = JSON.parse(await demandQemuImg(['measure', '--output=json', '-O', 'qcow2', blockName(node)], what, { signal })) as { required?: number }
  return measured.required ?? node.facts.virtualBytes
}

/** Whether the tables of an image agree with each other and its length, where QEMU can tell (qemu-img's exit codes). */
export async function checkImage(node: DiskNode, signal: AbortSignal): Promise<void> {
  const { exitCode, stdout, stderr } = await runQemuImg(['check', '--output=json', blockName(node)], { signal })
  const sound = 0
  const leaked = 3
  const cannotTell = 63
  if ([sound, leaked, cannotTell].includes(exitCode)) return
  const report = /"corruptions": (\d+)/.exec(stdout)?.[1]
  if (report === undefined) throw qemuImgFault('the image could not be checked', stderr)
  throw damaged(`${report} of its table entries are wrong, or lie beyond its end`, 'Fetch it again; or repair a copy of it: qemu-img check -r all COPY')
}

/** Whether two disks hold the same; used before an original is given up. */
export async function sameContent(left: DiskNode, right: string, signal: AbortSignal, progressed: (fraction: number) => void): Promise<boolean> {
  const rightName = `json:${JSON.stringify({ driver: 'qcow2', file: { driver: 'file', filename: right }, backing: null })}`
  const { exitCode, stderr } = await runQemuImg(['compare', '-p', blockName(left), rightName], { signal, progressed })
  if (exitCode > 1) throw qemuImgFault('the copy could not be compared', stderr)
  return exitCode === 0
}
