import { describe, expect, it } from 'vitest'
import { sourceOf, tar, tarMember } from '../../test/fake/images.ts'
import { openMember, readTar } from './tar.ts'
import { tarEnd, tarHeader, tarPadding } from './tar-write.ts'

const list = (bytes: Buffer) => readTar(sourceOf(bytes))
const pax = (...records: string[]) => {
  const text = records.map((record) => {
    let length = record.length + 3
    while (`${length} ${record}\n`.length !== length) length = `${length} ${record}\n`.length
    return `${length} ${record}\n`
  })
  return tarMember('PaxHeader', text.join(''), { type: 'x' })
}

describe('an archive', () => {
  it('lists its files where they lie', async () => {
    const bytes = tar(tarMember('./a.ovf', 'description'), tarMember('disk.vmdk', Buffer.alloc(1_000, 7)))
    const members = await list(bytes)
    expect(members).toEqual([{ name: 'a.ovf', offset: 512, size: 11 }, { name: 'disk.vmdk', offset: 1_536, size: 1_000 }])
    const [first] = members
    expect(first && Buffer.from(await openMember(sourceOf(bytes), first).read(0, 100)).toString()).toBe('description')
  })

  it('has long names by GNU and by POSIX, and large sizes in base 256', async () => {
    const long = `${'n'.repeat(150)}.vmdk`
    expect((await list(tar(tarMember('././@LongLink', `${long}\0`, { type: 'L' }), tarMember('short', 'x'))))[0]?.name).toBe(long)
    expect((await list(tar(pax(`path=${long}`, 'mtime=1.5'), tarMember('short', 'x'))))[0]?.name).toBe(long)
    expect((await list(tar(tarMember('b', 'x', { prefix: 'a' }))))[0]?.name).toBe('a/b')
    const header = Buffer.from(tarHeader('big.vmdk', 10 * 2 ** 30, 0))
    await expect(list(Buffer.concat([header, Buffer.alloc(512)]))).rejects.toThrow('goes beyond its end')
    expect(await readTar({ size: 11 * 2 ** 30, read: (at, length) => Promise.resolve(at === 0 ? header.subarray(0, length) : new Uint8Array(length)) })).toEqual([{ name: 'big.vmdk', offset: 512, size: 10 * 2 ** 30 }])
  })

  it.each([
    ['a symbolic link', tarMember('disk.vmdk', '', { type: '2', link: '/etc/shadow' }), 'a link'],
    ['a hard link', tarMember('disk.vmdk', '', { type: '1', link: 'a' }), 'a link'],
    ['a character device', tarMember('null', '', { type: '3' }), 'a device'],
    ['a block device', tarMember('sda', '', { type: '4' }), 'a device'],
    ['a pipe', tarMember('p', '', { type: '6' }), 'a named pipe'],
    ['a sparse file of GNU', tarMember('s', '', { type: 'S' }), 'sparse'],
    ['a sparse file of POSIX', Buffer.concat([pax('GNU.sparse.major=1'), tarMember('s', 'x')]), 'sparse'],
    ['a link by POSIX', Buffer.concat([pax('linkpath=/etc/shadow'), tarMember('s', 'x')]), 'link'],
    ['a long link name of GNU', tarMember('x', '/etc/shadow', { type: 'K' }), 'link'],
    ['a name for all members at once', tarMember('x', '13 path=evil\n', { type: 'g' }), 'all of its members'],
    ['a member of unknown kind', tarMember('x', '', { type: 'Z' }), 'unknown kind'],
    ['an absolute name', tarMember('/etc/passwd', 'x'), 'absolute'],
    ['a name that leads out', tarMember('../x', 'x'), 'leads out'],
    ['a name that leads out by its prefix', tarMember('x', 'x', { prefix: 'a/../..' }), 'leads out'],
    ['a name that leads out by POSIX', Buffer.concat([pax('path=../x'), tarMember('x', 'x')]), 'leads out'],
    ['a folder that leads out', tarMember('../', '', { type: '5' }), 'leads out'],
    ['a Windows drive', tarMember('C:\\x', 'x'), 'address'],
    ['two members of one name', Buffer.concat([tarMember('a', '1'), tarMember('./a', '2')]), 'two of its members'],
    ['a size past the end', tarMember('a', 'x', { size: '77777777777\0' }), 'cut short'],
    ['a size that is no number', tarMember('a', 'x', { size: 'zzz\0' }), 'no number'],
    ['a negative size', tarMember('a', 'x', { size: `\xff${'\xff'.repeat(11)}` }), 'absurd'],
    ['a note that lies about its length', tarMember('PaxHeader', '999 path=x\n', { type: 'x' }), 'note'],
    ['a note of a megabyte', tarMember('PaxHeader', Buffer.alloc(1 << 20), { type: 'x' }), 'absurdly long'],
  ])('has no %s', async (_, member, words) => {
    await expect(list(tar(member))).rejects.toThrow(words)
  })

  it('of 10,000 members is refused long before its end', async () => {
    const bytes = tar(...Array.from({ length: 10_000 }, (_, index) => tarMember(`f${index}`, '')))
    let reads = 0
    const counting = { size: bytes.length, read: (at: number, length: number) => ((reads += 1), Promise.resolve(bytes.subarray(at, at + length))) }
    await expect(readTar(counting)).rejects.toThrow('more than 256 members')
    expect(reads).toBeLessThan(300)
    await expect(list(tar(...Array.from({ length: 10_000 }, () => pax('path=a'))))).rejects.toThrow('more than 256')
  })

  it('whose header is broken is damaged', async () => {
    const bytes = tar(tarMember('a', 'x'), tarMember('b', 'y'))
    bytes[1024] = 1
    await expect(list(bytes)).rejects.toThrow('header of the archive is broken')
  })

  it('written here is read here', async () => {
    const parts = [tarHeader('a.ovf', 3, 1), Buffer.from('abc'), tarPadding(3), tarHeader('b', 0, 1)]
    const written = parts.reduce((sum, part) => sum + part.length, 0)
    const bytes = Buffer.concat([...parts, tarEnd(written)])
    expect(bytes.length % 10_240).toBe(0)
    expect((await list(bytes)).map(({ name, size }) => [name, size])).toEqual([['a.ovf', 3], ['b', 0]])
  })
})
