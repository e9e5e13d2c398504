import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { examine } from '../../../src/node/image/examine.ts'
import { repackVmdk } from '../../../src/node/image/repack-vmdk.ts'
import { qemuImg, Workshop } from './images.ts'

const shop = new Workshop()
afterAll(() => shop.end())

test('a streamOptimized VMDK holds the same in the order that other programs insist on', async () => {
  // Several grain tables (32 MiB each), one of them empty, and an end that fills no grain.
  const raw = shop.path('wide.raw')
  qemuImg('create', '-q', '-f', 'raw', raw, '110M')
  execFileSync('qemu-io', ['-f', 'raw', '-c', 'write -P 1 0 300k', '-c', 'write -P 2 31M 2M', '-c', 'write -P 3 100M 100k', '-c', `write -P 4 ${(110 << 20) - 4096} 4k`, raw])
  const loose = shop.convert(raw, 'loose.vmdk', 'vmdk', 'subformat=streamOptimized')
  const ordered = shop.path('ordered.vmdk')
  const fractions: number[] = []
  await repackVmdk(loose, ordered, { signal: new AbortController().signal, progressed: (fraction) => fractions.push(fraction) })
  expect(shop.same(raw, 'raw', ordered, 'vmdk')).toBe(true)
  expect(execFileSync('7zz', ['e', '-so', ordered], { maxBuffer: 256 << 20 }).equals(readFileSync(raw))).toBe(true)
  expect(await examine(ordered, { raw: false })).toMatchObject({ what: 'disk', disk: { facts: { variant: 'streamOptimized', virtualBytes: 110 << 20 } } })
  qemuImg('check', '-f', 'vmdk', ordered)
  expect(fractions.at(-1)).toBe(1)
})
