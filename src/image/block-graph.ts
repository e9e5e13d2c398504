import type { DiskFacts } from './disk-facts.ts'

/** A disk whose every file has been found and judged. Paths are whole ones. */
export interface DiskNode {
  readonly facts: DiskFacts
  readonly path: string
  /** The part of `path` that is the disk, when it lies in an archive. */
  readonly window: { readonly offset: number; readonly size: number } | null
  readonly backing: DiskNode | null
  readonly dataPath: string | null
}

type Block = { readonly [key: string]: string | number | boolean | null | Block }

/**
 * The disk as QEMU's block layer is told of it (QAPI BlockdevOptions): every driver and every file by name, so that QEMU
 * neither guesses a format nor opens anything because a header says so. No backing file is said aloud (`null`).
 */
export function blockGraph(node: DiskNode): Block {
  const file: Block = { driver: 'file', filename: node.path }
  const data = node.window === null ? file : { driver: 'raw', offset: node.window.offset, size: node.window.size, file }
  if (node.facts.plainFrom !== null) return { driver: 'raw', offset: node.facts.plainFrom, size: node.facts.virtualBytes, file: data }
  switch (node.facts.format) {
    case 'qcow2':
      return {
        driver: 'qcow2',
        file: data,
        backing: node.backing === null ? null : blockGraph(node.backing),
        ...(node.dataPath === null ? {} : { 'data-file': { driver: 'file', filename: node.dataPath } }),
      }
    case 'vmdk':
      return { driver: 'vmdk', file: data, backing: null }
    case 'vhd':
      // The geometry, which QEMU goes by for makers it does not know, is often a little smaller than the disk.
      return { driver: 'vpc', force_size_calc: 'current_size', file: data }
    case 'vhdx':
    case 'vdi':
      return { driver: node.facts.format, file: data }
    case 'raw':
    case 'iso':
      return { driver: 'raw', file: data }
  }
}

/** The same as a file name that qemu-img takes. `alone`: without what it is based on, as `qemu-img info` opens a disk. */
export function blockName(node: DiskNode, options: { alone: boolean } = { alone: false }): string {
  return `json:${JSON.stringify(blockGraph(options.alone ? { ...node, backing: null } : node))}`
}

/** QEMU's names of the formats. */
export const driverOf = { qcow2: 'qcow2', raw: 'raw', vmdk: 'vmdk', vhd: 'vpc', vhdx: 'vhdx', vdi: 'vdi', iso: 'raw' } as const
