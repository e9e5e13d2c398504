import { spawnSync } from 'node:child_process'
import fs, { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { placeDisk, settleDisk } from './disk-place.ts'
import { checkSocketPath } from './layout.ts'
import { fromPpm, measured } from './screenshot.ts'
import { copySparsely } from './sparse-copy.ts'
import { newDirectoryName, recoverDirectory, replaceDirectory, sweepDirectory, sweepWarmStates } from './warm-directory.ts'

let home = ''
beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'diptych-files-'))))
afterEach(() => rmSync(home, { recursive: true, force: true }))
const put = (name: string, text: string) => {
  writeFileSync(join(home, name), text)
  return join(home, name)
}

test('a placed disk keeps the one before as .previous, or puts it back', async () => {
  const disk = put('disk', 'first')
  await placeDisk(put('o1', 'second'), disk).keep()
  expect([readFileSync(disk, 'utf8'), readFileSync(`${disk}.previous`, 'utf8')]).toEqual(['second', 'first'])
  await placeDisk(put('o2', 'third'), disk).undo()
  expect([readFileSync(disk, 'utf8'), readFileSync(`${disk}.previous`, 'utf8')]).toEqual(['second', 'first'])
  expect(readdirSync(home).sort()).toEqual(['disk', 'disk.previous'])
  expect(() => placeDisk(join(home, 'none'), disk)).toThrow('ENOENT')
  expect(readFileSync(disk, 'utf8')).toBe('second')
})

test('a start that was killed loses no disk', () => {
  const disk = put('disk', 'first')
  const names = () => readdirSync(home).sort()
  expect(settleDisk(disk, false)).toEqual([])
  placeDisk(put('o1', 'never run'), disk)
  expect(settleDisk(disk, false)).toEqual([expect.stringContaining('is back in place')])
  expect([readFileSync(disk, 'utf8'), names()]).toEqual(['first', ['disk']])

  renameSync(disk, `${disk}.aside-00`) // killed before the new one came
  settleDisk(disk, false)
  expect([readFileSync(disk, 'utf8'), names()]).toEqual(['first', ['disk']])

  placeDisk(put('o2', 'second'), disk)
  put('disk', 'second, written to by its guest')
  expect(settleDisk(disk, false)).toEqual([expect.stringContaining('kept as')])
  expect([readFileSync(disk, 'utf8'), readFileSync(`${disk}.previous`, 'utf8')]).toEqual(['second, written to by its guest', 'first'])

  placeDisk(put('o3', 'third'), disk)
  settleDisk(disk, true) // its guest runs, though it has not written yet
  expect([readFileSync(disk, 'utf8'), names()]).toEqual(['third', ['disk', 'disk.previous']])
})

test('a start that was killed as it copied its disk from another file system loses none either', () => {
  const disk = put('disk', 'first')
  const elsewhere = mkdtempSync('/dev/shm/diptych-files-')
  const killed = `${home}-killed`
  const copy = fs.copyFileSync
  fs.copyFileSync = (from, to, mode) => {
    fs.copyFileSync = copy
    copy(from, to, mode)
    cpSync(home, killed, { recursive: true, preserveTimestamps: true })
  }
  syncBuiltinESMExports()
  try {
    writeFileSync(join(elsewhere, 'overlay'), 'second')
    placeDisk(join(elsewhere, 'overlay'), disk)
    expect([readFileSync(disk, 'utf8'), readdirSync(elsewhere)]).toEqual(['second', []])
    expect(settleDisk(join(killed, 'disk'), false)).toEqual([expect.stringContaining('is back in place')])
    expect(readFileSync(join(killed, 'disk'), 'utf8')).toBe('first')
  } finally {
    fs.copyFileSync = copy
    syncBuiltinESMExports()
    for (const path of [elsewhere, killed]) rmSync(path, { recursive: true, force: true })
  }
})

test('a disk that no guest ran on does not take the place of the one before', async () => {
  const disk = put('disk', 'first')
  await placeDisk(put('o1', 'never run'), disk).keep()
  await placeDisk(put('o2', 'second'), disk).keep()
  expect([readFileSync(disk, 'utf8'), readFileSync(`${disk}.previous`, 'utf8'), readdirSync(home).sort()]).toEqual(['second', 'first', ['disk', 'disk.previous']])
})

test('with no disk before there is none after an undo', async () => {
  await placeDisk(put('o', 'x'), join(home, 'disk')).undo()
  expect(readdirSync(home)).toEqual([])
})

test('socket paths of 107 bytes pass, longer ones are refused with the way out', () => {
  expect(() => checkSocketPath(`/${'a'.repeat(106)}`)).not.toThrow()
  expect(() => checkSocketPath(`/${'a'.repeat(107)}`)).toThrow('is 108 bytes long; unix sockets allow 107')
  expect(() => checkSocketPath(`/${'ü'.repeat(60)}`)).toThrow('is 121 bytes long')
})

test('copies hold the same bytes, take no room for zeros, and belong to their owner', async () => {
  const from = put('ram', 'head')
  truncateSync(from, 8 << 20)
  const to = join(home, 'copy')
  await copySparsely(from, to, { background: true })
  expect(readFileSync(to).equals(readFileSync(from))).toBe(true)
  expect(statSync(to).blocks * 512).toBeLessThan(1 << 20)
  expect(statSync(to).mode & 0o777).toBe(0o600)
})

test('a copy that cannot be written leaves nothing and says why', async () => {
  await expect(copySparsely(put('ram', 'x'), join(home, 'no', 'copy'), { background: false })).rejects.toMatchObject({ part: 'disk', remedy: expect.any(String) as string })
})

test('a picture that would take gigabytes to unpack is refused', () => {
  const header = (width: number, height: number) => {
    const png = Buffer.alloc(32)
    png.writeUInt32BE(width, 16)
    png.writeUInt32BE(height, 20)
    return png
  }
  expect(measured(header(3840, 2160))).toMatchObject({ width: 3840, height: 2160 })
  expect(() => measured(header(65_535, 65_535))).toThrow('too large')
  expect(() => measured(Buffer.alloc(3))).toThrow('not a PNG')
})

test('a PPM becomes the same picture as PNG', () => {
  const shot = fromPpm(Buffer.concat([Buffer.from('P6\n2 1\n255\n'), Buffer.from([255, 0, 0, 1, 2, 3])]))
  expect([shot.width, shot.height]).toEqual([2, 1])
  expect([...PNG.sync.read(Buffer.from(shot.png)).data]).toEqual([255, 0, 0, 255, 1, 2, 3, 255])
  expect(() => fromPpm(Buffer.from('P5 nonsense'))).toThrow('not a PPM')
})

test('what killed hosts left of warm states goes when the next one opens, and nothing else', async () => {
  const gone = spawnSync('true').pid
  const [left, stays] = [[`a.new-${gone}-00000000`, 'a.old-00000000', `a/spares/making-${gone}-0`, `a/spares/taken-${gone}-0`], ['a.disks', `a.new-${process.pid}-00000000`, 'a/spares/spare-0', `a/spares/making-${process.pid}-0`, 'b.old-00000000']]
  for (const path of [...left, ...stays]) mkdirSync(join(home, path), { recursive: true })
  await sweepWarmStates(home)
  expect([...left, ...stays].filter((path) => existsSync(join(home, path)))).toEqual(stays)
  await sweepWarmStates(join(home, 'none'))
})

test('a replacement of a directory that was cut short is undone before a start and swept before a save', () => {
  const directory = join(home, 'warm')
  const make = (name: string) => mkdirSync(join(home, name))
  make('warm.old-1')
  make('warm.new-2')
  make('warm.disks')
  recoverDirectory(directory)
  expect(readdirSync(home).sort()).toEqual(['warm', 'warm.disks', 'warm.new-2'])
  make('warm.old-3')
  sweepDirectory(directory)
  expect(readdirSync(home).sort()).toEqual(['warm', 'warm.disks'])
  const making = newDirectoryName(directory)
  mkdirSync(making)
  writeFileSync(join(making, 'new'), '')
  replaceDirectory(making, directory)
  expect([readdirSync(home).sort(), readdirSync(directory)]).toEqual([['warm', 'warm.disks'], ['new']])
})
