import { GuestName } from '../../../src/contract/names.ts'
import { SnapshotId } from '../../../src/contract/snapshot.ts'
import { Rig } from './rig.ts'

/** A host of its own, to be killed in the midst of what it is told to do: `node host.mjs HOME TINY STEP [SNAPSHOT]`. */
const [home = '', tiny = '', step = '', id = ''] = process.argv.slice(2)
const rig = new Rig(home, tiny)
await rig.open()
const name = GuestName.parse('one')
process.stdout.write('begun\n')
switch (step) {
  case 'take':
    await rig.saved.snapshots.take(name, { title: 'taken' })
    break
  case 'suspend':
    await rig.saved.suspending.suspend(name)
    break
  case 'restore':
    await rig.saved.snapshots.restore(name, SnapshotId.parse(id))
    break
  case 'delete':
    await rig.saved.snapshots.delete(name, SnapshotId.parse(id))
    break
  default:
    throw new Error(`there is no step ${step}`)
}
process.stdout.write('done\n')
setInterval(() => undefined, 1_000)
