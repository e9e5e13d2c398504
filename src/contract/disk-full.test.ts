import { describe, expect, it } from 'vitest'
import { diskFull, isDiskFull } from './disk-full.ts'

describe('a full disk', () => {
  it('says what does not fit, and where', () => {
    expect(diskFull({ what: 'The export', place: '/mnt' })).toBe('The export could not be written: no space is left in /mnt')
    expect(diskFull({ what: 'The export' })).toBe('The export could not be written: no space is left on its disk')
  })

  it('says how much room there would have to be, never as if it were enough', () => {
    const room = (neededBytes: number, freeBytes: number) => diskFull({ what: 'Saving', place: '/data', room: { neededBytes, freeBytes } })
    expect(room(3 * 2 ** 20 + 1, 3 * 2 ** 20 - 1)).toBe('Saving takes up to 4 MiB in /data, where 2 MiB are free')
    expect(room(2.5 * 2 ** 30 + 1, 1.99 * 2 ** 30)).toBe('Saving takes up to 2.6 GiB in /data, where 1.9 GiB are free')
  })

  it('is known by its code, and by the words of programs', () => {
    const cases = [{ code: 'ENOSPC' }, { code: 'EDQUOT' }, 'qemu-img: No space left on device', 'ended by SIGXFSZ', { code: 'EIO' }, 'lock', null, undefined, new Error('No space left')]
    expect(cases.map(isDiskFull)).toEqual([true, true, true, true, false, false, false, false, false])
  })
})
