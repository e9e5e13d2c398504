import type { Command } from 'commander'
import type { Client } from '../../src/contract/connection.ts'
import type { SnapshotId, SnapshotTree, SnapshotView } from '../../src/contract/snapshot.ts'
import type { StageSnapshotView } from '../../src/contract/stage.ts'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { withTaskProgress } from './task-progress.ts'
import { json, table } from './terminal.ts'
import { formatBytes } from './units.ts'
import { readGuestName, readTitle } from './values.ts'

/** What stands for all guests of the stage together; no guest can be called so. */
const wholeStage = '@stage'
const target = 'the guest, or @stage for all guests of the stage at one instant'
const reference = 'the snapshot: its title, its id, or how its id begins'

/** `diptych snapshot …`: what guests were at an instant, and going back to it. */
export function addSnapshotCommands(program: Command, context: CliContext): void {
  const { terminal } = context
  const snapshot = program.command('snapshot').description('take, list, restore and delete snapshots of guests and of the stage')
  snapshot
    .command('list')
    .description('show the snapshots as a tree; * marks what the present state came from')
    .argument('<guest>', target)
    .option('--json', 'print them as JSON')
    .addHelpText('after', '\nExamples:\n  diptych snapshot list linux\n  diptych snapshot list @stage')
    .action(async (of: string, options: { json?: true }) => {
      const found = await withHost(context, async (client) => (of === wholeStage ? await client.stage.snapshots() : await client.snapshot.list({ guest: readGuestName(of) })))
      if (options.json === true) return terminal.print(json(found))
      const rows = Array.isArray(found) ? found.map(stageRow) : treeRows(found)
      if (rows.length === 0) return terminal.say(`There are none. Take one with: diptych snapshot take ${of}`)
      terminal.print(table(['ID', 'KIND', 'TAKEN', 'STOOD STILL', 'SIZE', 'TITLE'], rows))
    })
  snapshot
    .command('take')
    .description('keep a guest as it is now: memory and disk when it is up, else its disk')
    .argument('<guest>', target)
    .argument('[title]', 'what it is called; default: the time', readTitle)
    .option('--disk', 'only the disk, also of a guest that is up')
    .option('--json', 'print the snapshot as JSON')
    .addHelpText('after', '\nExamples:\n  diptych snapshot take linux "before the update"\n  diptych snapshot take @stage')
    .action(async (of: string, title: string | undefined, options: { disk?: true; json?: true }) => {
      if (of === wholeStage && options.disk === true) throw new CommandFailure(exitCodes.usage, '--disk is for one guest.', 'Of the stage, guests that are up are taken with their memory, the others with their disks.')
      const named = title === undefined ? {} : { title }
      const taken = await withHost(context, (client) =>
        withTaskProgress(context, client, 'snapshot', async (signal) => {
          if (of === wholeStage) return client.stage.takeSnapshot(named, { signal })
          return client.snapshot.take({ guest: readGuestName(of), ...named, ...(options.disk === true ? { kind: 'disk' as const } : {}) }, { signal })
        }),
      )
      if (options.json === true) return terminal.print(json(taken))
      terminal.say(`${taken.id} "${taken.title}": ${taken.pausedMs === 0 ? `${of} is kept as it is` : `${of} stood still for ${taken.pausedMs} ms`}${'skewMs' in taken && taken.pausedMs > 0 ? `, its guests within ${taken.skewMs} ms of each other` : ''}.`)
    })
  snapshot
    .command('restore')
    .description('go back to a snapshot; what the guest is now is lost unless it is kept')
    .argument('<guest>', target)
    .argument('<snapshot>', reference)
    .option('--keep', 'take a snapshot of what is now first')
    .option('--disk', 'only the disk of a live one, without its memory: the guest boots as after a power cut')
    .option('--json', 'print the outcome as JSON')
    .addHelpText('after', '\nExamples:\n  diptych snapshot restore linux "before the update" --keep\n  diptych snapshot restore @stage 3f2a')
    .action(async (of: string, which: string, options: { keep?: true; disk?: true; json?: true }) => {
      if (of === wholeStage && options.disk === true) throw new CommandFailure(exitCodes.usage, '--disk is for one guest.', 'Bring the guests back to the disks of their parts one by one: diptych snapshot list GUEST')
      const diskOnly = options.disk === true
      const keep = options.keep === true
      const outcome = await withHost(context, (client) =>
        withTaskProgress(context, client, 'restore', async (signal) => {
          const { id, title } = await find(client, of, which)
          const done = of === wholeStage ? await client.stage.restoreSnapshot({ id, keep }, { signal }) : await client.snapshot.restore({ guest: readGuestName(of), id, keep, diskOnly }, { signal })
          return { ...done, title }
        }),
      )
      if (options.json === true) return terminal.print(json(outcome))
      const kept = outcome.kept === null ? '' : ` What it was is kept as "${outcome.kept.title}".`
      terminal.say(`${of} is back at ${diskOnly ? 'the disk of ' : ''}"${outcome.title}"${diskOnly ? '; its memory of then was not loaded' : ''}.${kept}`)
    })
  snapshot
    .command('delete')
    .description('delete a snapshot and give its room back')
    .argument('<guest>', target)
    .argument('<snapshot>', reference)
    .option('--force', "also a guest's part of a snapshot of the stage, which cannot be gone back to then")
    .option('--json', 'print the bytes that were freed as JSON')
    .action(async (of: string, which: string, options: { force?: true; json?: true }) => {
      const deleted = await withHost(context, async (client) => {
        const { id, title } = await find(client, of, which)
        const { reclaimedBytes } = of === wholeStage ? await client.stage.deleteSnapshot({ id }) : await client.snapshot.delete({ guest: readGuestName(of), id, force: options.force === true })
        return { id, title, reclaimedBytes }
      })
      if (options.json === true) terminal.print(json(deleted))
      else terminal.say(`"${deleted.title}" is gone; ${formatBytes(deleted.reclaimedBytes)} are free again.`)
    })
  snapshot
    .command('rename')
    .description('give a snapshot another title')
    .argument('<guest>', target)
    .argument('<snapshot>', reference)
    .argument('<title>', 'the new title', readTitle)
    .option('--json', 'print the snapshot as JSON')
    .action(async (of: string, which: string, title: string, options: { json?: true }) => {
      const renamed = await withHost(context, async (client) => {
        const { id } = await find(client, of, which)
        return of === wholeStage ? client.stage.renameSnapshot({ id, title }) : client.snapshot.rename({ guest: readGuestName(of), id, title })
      })
      if (options.json === true) terminal.print(json(renamed))
      else terminal.say(`${renamed.id} is "${renamed.title}" now.`)
    })
}

interface Named {
  readonly id: SnapshotId
  readonly title: string
}

/** By id, else by title, else by the beginning of the id; what could be several is asked for again. */
async function find(client: Client, of: string, which: string): Promise<Named> {
  const all: readonly Named[] = of === wholeStage ? await client.stage.snapshots() : (await client.snapshot.list({ guest: readGuestName(of) })).snapshots
  for (const matches of [(each: Named) => each.id === which, (each: Named) => each.title === which, (each: Named) => each.id.startsWith(which)]) {
    const [first, ...others] = all.filter(matches)
    if (first === undefined) continue
    if (others.length === 0) return first
    throw new CommandFailure(exitCodes.usage, `"${which}" could be several snapshots of ${of}: ${[first, ...others].map((each) => `${each.id} "${each.title}"`).join(', ')}.`, 'Give the id.')
  }
  throw new CommandFailure(exitCodes.notFound, `${of} has no snapshot "${which}".`, all.length === 0 ? `Take one with: diptych snapshot take ${of}` : `There are: ${all.map((each) => `${each.id} "${each.title}"`).join(', ')}.`)
}

/** As the clock on the wall said, like the titles that snapshots get by themselves. */
function localMinute(takenAt: string): string {
  return new Date(takenAt).toLocaleString('sv-SE').slice(0, 16)
}

/** Children below their parent, indented; those whose parent cannot be read stand alone. */
function treeRows({ snapshots, current }: SnapshotTree): string[][] {
  const known = new Set(snapshots.map(({ id }) => id))
  const parentOf = ({ parent }: SnapshotView) => (parent !== null && known.has(parent) ? parent : null)
  const below = (parent: SnapshotId | null, depth: number): string[][] => snapshots.filter((each) => parentOf(each) === parent).flatMap((each) => [row(each, depth, each.id === current), ...below(each.id, depth + 1)])
  return below(null, 0)
}

function row({ id, kind, takenAt, pausedMs, memoryBytes, diskBytes, title, consistent, unusable, diskUsable }: SnapshotView, depth: number, isCurrent: boolean): string[] {
  const notes = [consistent ? '' : ' (as after a power cut)', unusable === null ? '' : ` (cannot be restored${diskUsable ? ' but for its disk, with --disk' : ''}: ${unusable})`].join('')
  return [id, kind, localMinute(takenAt), `${pausedMs} ms`, formatBytes(memoryBytes + (diskBytes ?? 0)), `${'  '.repeat(depth)}${isCurrent ? '* ' : ''}${title}${notes}`]
}

function stageRow({ id, takenAt, pausedMs, bytes, parts, title, unusable }: StageSnapshotView): string[] {
  return [id, parts.map((part) => `${part.guest}:${part.kind}`).join(' '), localMinute(takenAt), `${pausedMs} ms`, bytes === null ? '-' : formatBytes(bytes), `${title}${unusable === null ? '' : ` (cannot be restored: ${unusable})`}`]
}
