import { describe, expect, it } from 'vitest'
import { partitionBytes, readPartitions } from './partitions.ts'

const guids = { esp: '28732ac11ff8d211ba4b00a0c93ec93b', biosBoot: '4861682149646f6e744e656564454649', basicData: 'a2a0d0ebe5b9334487c068b6b72699c7', linux: 'af3dc60f838472478e793d69d8477de4' }

function disk(bootCode: boolean, ...partitions: (keyof typeof guids)[]): Buffer {
  const start = Buffer.alloc(partitionBytes)
  if (bootCode) start.write('boot code')
  start.writeUInt16LE(0xaa55, 510)
  if (partitions.length > 0) start.write('EFI PART', 512)
  for (const [index, name] of partitions.entries()) start.write(guids[name], 1024 + index * 128, 'hex')
  return start
}

describe("a disk's first sectors", () => {
  it.each([
    ['an EFI system partition and Linux', disk(false, 'esp', 'linux'), { firmware: 'uefi', kind: 'linux' }],
    ['an EFI system partition and Windows', disk(false, 'esp', 'basicData'), { firmware: 'uefi', kind: 'windows' }],
    ['both ways to boot, as cloud images have them', disk(true, 'esp', 'biosBoot', 'linux'), { firmware: 'bios', kind: 'linux' }],
    ['GPT without a system partition', disk(false, 'linux'), { firmware: 'bios', kind: 'linux' }],
    ['a boot sector', disk(true), { firmware: 'bios', kind: null }],
    ['a partition table without boot code', disk(false), { firmware: null, kind: null }],
    ['nothing', Buffer.alloc(partitionBytes), { firmware: null, kind: null }],
    ['less than a sector', Buffer.alloc(100), { firmware: null, kind: null }],
  ])('%s', (_, start, hints) => {
    expect(readPartitions(start)).toEqual(hints)
  })
})
