import { GuestName } from '../../../src/contract/names.ts'
import { SnapshotId } from '../../../src/contract/snapshot.ts'
import { countSteps, stepsTaken } from './kill-at-step.ts'
import { Rig } from './rig.ts'

/**
 * A host of its own, to be killed in the midst of what it is told to do: `node host.mjs HOME TINY STEP [SNAPSHOT [KILL-AT]]`.
 * KILL-AT: the number of the step at which it kills itself; of `open` the steps of opening count, of all else those that follow.
 */
const [home = '', tiny = '', step = '', id = '', killAt = ''] = process.argv.slice(2)
const rig = new Rig(home, tiny)
const last = killAt === '' ? Number.POSITIVE_INFINITY : Number(killAt)
if (step === 'open') countSteps(last)
await rig.open()
const name = GuestName.parse('one')
process.stdout.write('begun\n')
if (step !== 'open') countSteps(last)
switch (step) {
  case 'open':
    break
  case 'take':
    await rig.saved.snapshots.take(name, { title: 'taken' })
    break
  case 'suspend':
    await rig.saved.suspending.suspend(name)
    break
  case 'start':
    await rig.owner(name).request('start')
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
process.stdout.write(`done after ${stepsTaken()} steps\n`)
setInterval(() => undefined, 1_000)
