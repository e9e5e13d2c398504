import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Preparation, prepareStart } from '../../../main/prepare.ts'
import { demonstrationGuests } from '../../../src/guest/definition.ts'
import { fakeSpec } from '../../fake/machine.ts'

/** A qemu-img on a full disk: it reads disks, begins a new one and fails. */
const failing = `#!/bin/sh
[ "$1" = info ] && { echo '{"full-backing-filename":"/another/image"}'; exit 0; }
for last; do :; done
: > "$last"
echo "No space left on device" >&2
exit 1
`
/** A qemu-img that cannot read the disk it is shown. */
const blind = '#!/bin/sh\necho "Could not open: damaged" >&2\nexit 1\n'

const never = new AbortController().signal

function preparationOf(home: string): Preparation {
  return {
    recipes: { find: async () => ({ directory: join(home, 'image'), manifest: {} }) },
    engine: { warmKey: async () => 'k'.repeat(64) },
    cache: join(home, 'cache'),
    guestDirectory: () => home,
    message: () => undefined,
  } as unknown as Preparation // what a start without a warm state asks for
}

describe('a first start on a full disk', () => {
  const path = process.env['PATH'] ?? ''
  let home = ''
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'dh-'))
    mkdirSync(join(home, 'bin'))
    writeFileSync(join(home, 'bin', 'qemu-img'), failing)
    chmodSync(join(home, 'bin', 'qemu-img'), 0o755)
    process.env['PATH'] = `${join(home, 'bin')}${delimiter}${path}`
  })
  afterEach(() => {
    process.env['PATH'] = path
    rmSync(home, { recursive: true })
  })

  it('leaves a disk that cannot be read where it is, and says so', async () => {
    writeFileSync(join(home, 'bin', 'qemu-img'), blind)
    const diskPath = join(home, 'disk.qcow2')
    writeFileSync(diskPath, 'damaged, perhaps to be rescued')
    const [definition] = demonstrationGuests()
    if (definition === undefined) throw new Error('no demonstration guest')
    await expect(prepareStart(preparationOf(home), definition, { ...fakeSpec, diskPath }, 'cold', never)).rejects.toThrow(/cannot be read/)
    expect(readFileSync(diskPath, 'utf8')).toBe('damaged, perhaps to be rescued')
  })

  it('leaves the disk of the guest, and the one before it, where they were, however often it is tried', async () => {
    const [definition] = demonstrationGuests()
    if (definition === undefined) throw new Error('no demonstration guest')
    const diskPath = join(home, 'disk.qcow2')
    writeFileSync(diskPath, 'the work of today')
    writeFileSync(`${diskPath}.previous`, 'the work of yesterday')
    for (let turn = 0; turn < 3; turn += 1) {
      await expect(prepareStart(preparationOf(home), definition, { ...fakeSpec, diskPath }, 'auto', never)).rejects.toThrow(/could not be made/)
    }
    expect(readFileSync(diskPath, 'utf8')).toBe('the work of today')
    expect(readFileSync(`${diskPath}.previous`, 'utf8')).toBe('the work of yesterday')
  })
})
