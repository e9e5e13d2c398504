import { describe, expect, it } from 'vitest'
import { iso, qcow2, sourceOf, tar, tarMember, vdi, vhd, vhdx, vmdk } from '../../test/fake/images.ts'
import type { ByteSource } from './byte-source.ts'
import { detect } from './detect.ts'
import { ImageProblem } from './image-problem.ts'
import { type DescribedMachine, writeOvf } from './ovf-document.ts'
import { readOvf } from './ovf.ts'
import { readTar } from './tar.ts'
import { randomOf } from '../../test/fuzz/dice.ts'

/** DIPTYCH_FUZZ=20000 tries longer; a failure prints the seed, which makes the same file again. */
const rounds = Number(process.env['DIPTYCH_FUZZ'] ?? 200)

/** Numbers that break sums and comparisons, and plain noise, at places where headers are. */
function mutate(image: Buffer, seed: number, places: number): Buffer {
  const random = randomOf(seed)
  const copy = Buffer.from(image)
  const values = [0n, 1n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n - 512n]
  for (let count = 1 + Math.floor(random() * 4); count > 0; count -= 1) {
    const at = Math.floor(random() * Math.min(places, copy.length - 8))
    const value = values[Math.floor(random() * values.length)] ?? 0n
    const kind = random()
    if (kind < 0.4) copy[at] = Math.floor(random() * 256)
    else if (kind < 0.6) copy.writeUInt32BE(Number(value & 0xffffffffn), at)
    else if (kind < 0.8) copy.writeBigUInt64LE(value, at)
    else copy.writeBigUInt64BE(value, at)
  }
  return random() < 0.1 ? copy.subarray(0, Math.floor(random() * copy.length)) : copy
}

/** No header may make a reader read more than a few megabytes of a small file. */
function metered(bytes: Buffer): ByteSource {
  const source = sourceOf(bytes)
  let left = 64 << 20
  return {
    size: source.size,
    read(offset, length) {
      left -= Math.max(length, 64)
      if (left < 0) throw new Error('it reads without end')
      if (offset < 0 || length < 0 || !Number.isSafeInteger(offset)) throw new Error(`it reads ${length} bytes at ${offset}`)
      return source.read(offset, length)
    },
  }
}

async function survives(seed: number, read: () => unknown): Promise<void> {
  try {
    await read()
  } catch (error) {
    if (!(error instanceof ImageProblem)) throw new Error(`seed ${seed}: ${String(error)}`, { cause: error })
  }
}

describe('whatever a header says', { timeout: 600_000 }, () => {
  it.each([
    ['qcow2', qcow2({ backing: 'base.qcow2', backingFormat: 'qcow2' }), 512],
    ['qcow2 with a data file', qcow2({ dataFile: 'disk.data' }), 512],
    ['VHD', vhd(), 2048],
    ['VDI', vdi(), 1024],
    ['VMDK', vmdk(), 34 * 512],
    ['VHDX', vhdx(), 4 << 20],
    ['disc', iso({ boot: true, udf: true }), 36 * 2048],
  ])('%s: it is taken or refused, in bounded time', async (_, image, places) => {
    for (let seed = 1; seed <= rounds; seed += 1) {
      await survives(seed, () => detect(metered(mutate(image, seed, places)), { raw: false }))
    }
  })

  it('VHDX with its checksums made right', async () => {
    for (let seed = 1; seed <= rounds; seed += 1) {
      const broken = vhdx((image) => void mutate(image, seed, image.length).copy(image))
      await survives(seed, () => detect(metered(broken), { raw: false }))
    }
  })

  it('archives', async () => {
    const archive = tar(tarMember('a.ovf', 'x'.repeat(600)), tarMember('PaxHeader', '15 path=b.vmdk\n', { type: 'x' }), tarMember('b', Buffer.alloc(2_000)))
    for (let seed = 1; seed <= rounds; seed += 1) await survives(seed, () => readTar(metered(mutate(archive, seed, archive.length))))
  })

  it('descriptions', async () => {
    const machine: DescribedMachine = { name: 'web', title: 'Web', os: 'Debian', kind: 'linux', vcpus: 1, memoryMiB: 512, firmware: 'bios', networkCards: ['stage'], diskBus: 'ide', disk: { file: 'a.vmdk', fileBytes: 1, virtualBytes: 512 } }
    const text = writeOvf(machine)
    for (let seed = 1; seed <= rounds; seed += 1) {
      const random = randomOf(seed)
      const at = Math.floor(random() * text.length)
      const piece = text.slice(Math.floor(random() * text.length)).slice(0, Math.floor(random() * 80))
      await survives(seed, () => readOvf(text.slice(0, at) + (random() < 0.5 ? piece : '') + text.slice(at + Math.floor(random() * 40))))
    }
    expect(readOvf(text).disks).toHaveLength(1)
  })
})
