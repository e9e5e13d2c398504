import { InvalidArgumentError, type Command } from 'commander'
import type { Connection } from '../../src/contract/connection.ts'
import { lineFor } from '../../src/contract/sentence.ts'
import { HostBusy, type OpenHost } from '../host-types.ts'
import { createLogger } from '../log.ts'
import { findResources } from '../resources.ts'
import { openWindow, type LaunchResult } from '../shell/launch.ts'
import { findServing, serveUrl } from '../shell/serve-record.ts'
import { serveHost, type ServeShell } from '../shell/serve.ts'
import { busy, connectInProcess, connectToRunning } from './attach.ts'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { json } from './terminal.ts'
import { bringUp } from './up.ts'

export interface ServeCommandParts {
  readonly openHost: OpenHost
  readonly openWindow: typeof openWindow
}

interface ServeFlags {
  port: number
  open?: true
  up?: true
  json?: true
}

export function addServeCommand(program: Command, context: CliContext, parts: ServeCommandParts): void {
  program
    .command('serve')
    .description('serve the window to a browser on this machine until Ctrl+C')
    .option('-p, --port <port>', 'the port on 127.0.0.1; 0 takes a free one', readPort, 0)
    .option('--open', 'open the window in Chromium, Chrome or Edge')
    .option('--up', 'start the demonstration guests as well')
    .option('--json', 'print URL, port and process as JSON')
    .addHelpText('after', '\nThe URL holds a secret of this launch: whoever has it controls the guests.\nGuests keep running when the server ends; `diptych down` stops them.\n\nExamples:\n  diptych serve --open --up\n  diptych serve --port 4711')
    .action((flags: ServeFlags) => serve(context, parts, flags))
}

async function serve(context: CliContext, parts: ServeCommandParts, flags: ServeFlags): Promise<void> {
  const { terminal, directories } = context
  const host = await openOrJoin(context, parts, flags)
  if (host === null) return
  let shell: ServeShell
  try {
    shell = await serveHost({ host, directories, port: flags.port, staticDirectory: findResources().renderer })
  } catch (error) {
    await host.close()
    throw error
  }
  try {
    announce(context, flags, shell, flags.open ? parts.openWindow(shell, directories) : null, process.pid)
    const work = flags.up ? bringUpAndTell(context, await connectInProcess(host)) : Promise.resolve()
    await interruption(context.interrupted)
    await work
    terminal.say('Serving ended. Running guests are kept; stop them with: diptych down')
  } finally {
    await shell.close()
  }
}

/** A new host; or null after a window was opened on the one that serves already. */
async function openOrJoin(context: CliContext, parts: ServeCommandParts, flags: ServeFlags) {
  const { directories } = context
  try {
    return await parts.openHost({ directories, logger: createLogger(directories) })
  } catch (error) {
    if (!(error instanceof HostBusy)) throw error
    const serving = await findServing(directories)
    if (serving === null) throw (await isAnswering(context)) ? notServing(error) : busy(error)
    if (flags.port !== 0 && flags.port !== serving.port) {
      throw new CommandFailure(exitCodes.refused, `Diptych is being served on port ${serving.port} already (process ${serving.processId}).`, 'Leave --port out to use it, or end that process first.', error)
    }
    context.terminal.say(`Diptych is running already (process ${serving.processId}).`)
    announce(context, flags, { ...serving, url: serveUrl(serving) }, flags.open ? parts.openWindow(serving, directories) : null, serving.processId)
    if (flags.up) await upOnRunning(context)
    return null
  }
}

async function upOnRunning(context: CliContext): Promise<void> {
  await withHost(context, (client) => bringUp(client, { boot: 'auto', terminal: context.terminal, interrupted: context.interrupted }))
}

async function isAnswering(context: CliContext): Promise<boolean> {
  const connection = await connectToRunning(context.directories)
  connection?.close()
  return connection !== null
}

function notServing(error: HostBusy): CommandFailure {
  return new CommandFailure(exitCodes.refused, `Diptych is running in process ${error.processId}, which serves no window.`, 'Use its own window, or wait until that command has ended, and try again.', error)
}

function announce(context: CliContext, flags: ServeFlags, shell: { url: string; port: number }, launch: LaunchResult | null, processId: number): void {
  const { terminal } = context
  if (flags.json) terminal.print(json({ url: shell.url, port: shell.port, processId, opened: launch?.opened ?? false }))
  else if (launch?.opened) terminal.say('The window is open. To open another, use this address:')
  else if (launch !== null) terminal.say(`No window was opened: ${launch.reason}. Open this address in a browser on this machine:`)
  if (!flags.json) terminal.print(shell.url)
  if (launch?.opened && launch.note !== null) terminal.say(`Note: ${launch.note}.`)
}

/** Serving goes on whatever becomes of the guests: the window shows it, and offers to try again. */
async function bringUpAndTell(context: CliContext, connection: Connection): Promise<void> {
  try {
    const stage = await bringUp(connection.client, { boot: 'auto', terminal: context.terminal, interrupted: context.interrupted })
    context.terminal.say(`${stage.guests.join(' and ')} run.`)
  } catch (error) {
    const words = error instanceof CommandFailure ? [error.message, error.wayOut].filter(Boolean).join(' ') : lineFor(error)
    context.terminal.say(words)
  } finally {
    connection.close()
  }
}

function interruption(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function readPort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65535) throw new InvalidArgumentError('It must be a whole number from 0 to 65535.')
  return port
}
