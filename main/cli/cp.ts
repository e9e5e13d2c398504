import { resolve } from 'node:path'
import type { Command } from 'commander'
import { GuestName } from '../../src/contract/names.ts'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { withTaskProgress } from './task-progress.ts'
import { json } from './terminal.ts'
import { formatBytes } from './units.ts'

export function addCopyCommand(program: Command, context: CliContext): void {
  program
    .command('cp')
    .description('copy a file into a guest, or out of one, through its agent')
    .argument('<from>', 'a file here, or guest:/path')
    .argument('<to>', 'guest:/path, or a file or folder here')
    .option('--force', 'overwrite a file that is there')
    .option('--json', 'print path, size and checksum as JSON')
    .addHelpText('after', '\nA path in a guest is a full one. A file here with a colon in its name: ./a:b\n\nExamples:\n  diptych cp notes.txt linux:/root/\n  diptych cp linux:/var/log/messages .\n  diptych cp setup.exe win:C:\\\\Users\\\\me\\\\setup.exe')
    .action(async (from: string, to: string, options: { force?: true; json?: true }) => {
      const [source, target] = [readPlace(from), readPlace(to)]
      const overwrite = options.force === true
      const copied = await withHost(context, (client) =>
        withTaskProgress(context, client, 'copy', async (signal) => {
          if (source.guest === null && target.guest !== null) return client.guest.copyIn({ name: target.guest, from: { path: source.path }, to: target.path, overwrite }, { signal })
          if (source.guest !== null && target.guest === null) return client.guest.copyOut({ name: source.guest, from: source.path, to: target.path, overwrite }, { signal })
          throw new CommandFailure(exitCodes.usage, 'Exactly one of the two must be in a guest.', 'Name it as guest:/path; between two guests, copy by way of a file here.')
        }),
      )
      if (options.json) context.terminal.print(json(copied))
      else context.terminal.say(`${copied.path} (${formatBytes(copied.bytes)}, sha256 ${copied.sha256.slice(0, 16)}…)`)
    })
}

interface Place {
  /** null: this computer. */
  readonly guest: GuestName | null
  readonly path: string
}

/** `guest:/path`, or a path of this computer (made a full one). */
export function readPlace(text: string): Place {
  const [, name, path] = /^([^:/\\]+):(.*)$/s.exec(text) ?? []
  if (name === undefined || path === undefined) return { guest: null, path: text.endsWith('/') ? `${resolve(text)}/` : resolve(text) }
  const guest = GuestName.safeParse(name)
  if (!guest.success) throw new CommandFailure(exitCodes.usage, `"${name}" cannot be a guest's name.`, `For a file here write ./${text}`)
  if (path === '') throw new CommandFailure(exitCodes.usage, `"${text}" names no path in the guest.`, `For example: ${name}:/root/`)
  return { guest: guest.data, path }
}
