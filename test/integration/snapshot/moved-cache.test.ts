import { cpSync, mkdirSync, mkdtempSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { GuestName } from '../../../src/contract/names.ts'
import { RecipeManifest, imageId } from '../../../src/image/recipe.ts'
import { sha256Of } from '../../../src/node/file/digest.ts'
import { tinyGuest, until } from '../engine/fixture.ts'
import { type BuiltIn, countInGuest, endHome, Rig } from './rig.ts'

const one = GuestName.parse('one')
const tiny = tinyGuest()
let home: string
beforeEach(() => (home = mkdtempSync('/tmp/dm-')))
afterEach(() => endHome(home))

async function makeImage(cache: string): Promise<BuiltIn> {
  const folder = 'linux-0123456789abcdef'
  mkdirSync(join(cache, 'recipes', folder), { recursive: true })
  const path = join(cache, 'recipes', folder, 'disk.qcow2')
  cpSync(join(tiny, 'disk.qcow2'), path)
  const manifest = { variant: 'linux', recipe: '0', os: 'Tiny', kernel: '0', packages: {}, files: { 'disk.qcow2': { bytes: statSync(path).size, sha256: await sha256Of(path) } } }
  writeFileSync(join(cache, 'recipes', folder, 'manifest.json'), JSON.stringify(manifest))
  return { cache, folder, id: imageId(RecipeManifest.parse(manifest)) }
}

test('after the cache was moved or emptied, a suspended guest and one gone back to a snapshot go on, or say what is missing', async () => {
  let image = await makeImage(join(home, 'cache-0'))
  const withRig = async <T>(work: (rig: Rig) => Promise<T>): Promise<T> => {
    const rig = new Rig(home, tiny, ['one'], new Map(), 128, 'kernel', image)
    try {
      await rig.open()
      return await work(rig)
    } finally {
      rig.close()
    }
  }
  let moves = 1
  const move = () => {
    const cache = join(home, `cache-${moves++}`)
    renameSync(image.cache, cache)
    image = { ...image, cache }
  }
  const countedAt = async (rig: Rig) => {
    await rig.untilAgent()
    return (await rig.counted()).memory
  }

  const { live, disk, atSuspend } = await withRig(async (rig) => {
    await rig.owner('one').request('start')
    await rig.untilAgent()
    await rig.shell(countInGuest)
    await until('it to count', async () => (await rig.counted()).memory > 2)
    const taken = { live: (await rig.saved.snapshots.take(one, { title: 'live' })).id, disk: (await rig.saved.snapshots.take(one, { title: 'disk', kind: 'disk' })).id, atSuspend: (await rig.counted()).memory }
    await rig.saved.suspending.suspend(one)
    return taken
  })

  move()
  await withRig(async (rig) => {
    expect(rig.owner('one').state).toBe('suspended')
    await rig.owner('one').request('start')
    expect(rig.machine().boot).toBe('restored')
    expect(await countedAt(rig)).toBeGreaterThanOrEqual(atSuspend)
    await rig.saved.snapshots.restore(one, disk)
    await rig.owner('one').request('forceStop')
  })

  move()
  await withRig(async (rig) => {
    await rig.owner('one').request('start')
    expect([rig.machine().boot, rig.saved.snapshots.records(one).length]).toEqual(['cold', 2])
    await rig.untilAgent()
    await rig.owner('one').request('forceStop')
  })

  move()
  await withRig(async (rig) => {
    await rig.saved.snapshots.restore(one, live)
    await rig.untilAgent()
    const { memory, disk: onDisk } = await rig.counted()
    expect(Math.abs(memory - onDisk)).toBeLessThanOrEqual(1)
    await rig.saved.suspending.suspend(one)
  })

  renameSync(join(image.cache, 'recipes'), join(home, 'recipes'))
  await withRig(async (rig) => {
    await rig.owner('one').request('start').then(
      () => expect.fail('it started'),
      (error: unknown) => expect(error).toMatchObject({ message: expect.stringContaining('which is not there any more') as string, remedy: expect.stringContaining('DIPTYCH_CACHE') as string }),
    )
    expect(rig.owner('one').state).toBe('suspended')
    await rig.saved.snapshots.restore(one, live).then(
      () => expect.fail('it was restored'),
      (error: unknown) => expect(error).toMatchObject({ message: expect.stringContaining('which is not there any more') as string }),
    )
    renameSync(join(home, 'recipes'), join(image.cache, 'recipes'))
    await rig.owner('one').request('start')
    expect(rig.machine().boot).toBe('restored')
    await countedAt(rig)
    await rig.owner('one').request('forceStop')
  })
})
