import type { Command } from 'commander'
import type { Client } from '../../src/contract/connection.ts'
import type { StageView } from '../../src/contract/stage.ts'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { ProgressWriter } from './progress.ts'
import { json, type Terminal } from './terminal.ts'

export function addUpCommand(program: Command, context: CliContext): void {
  program
    .command('up')
    .description('set up what is missing and start the two demonstration guests')
    .option('--cold', 'power the guests on instead of starting from a warm snapshot')
    .option('--json', 'print the stage as JSON when it is ready')
    .addHelpText('after', '\nThe first time this makes the guests, which takes minutes and can be cancelled with Ctrl+C and resumed.\n\nExamples:\n  diptych up\n  diptych up --cold --json')
    .action(async (options: { cold?: true; json?: true }) => {
      const stage = await withHost(context, async (client) => {
        const ready = await bringUp(client, { boot: options.cold ? 'cold' : 'auto', terminal: context.terminal, interrupted: context.interrupted })
        await untilSaved(client, context.terminal, context.interrupted)
        return ready
      })
      if (options.json) context.terminal.print(json(stage))
      else context.terminal.say(`${stage.guests.join(' and ')} ${stage.guests.length === 1 ? 'runs' : 'run'}. Open the window with: diptych serve --open`)
    })
}

/**
 * The first start is worth keeping: ending the host or the guests before they are saved would make the next start as
 * slow. An interrupt ends the waiting, not the guests.
 */
export async function untilSaved(client: Client, terminal: Terminal, interrupted: AbortSignal): Promise<void> {
  try {
    let told = false
    for await (const stage of await client.stage.watch(undefined, { signal: interrupted })) {
      const step = stage.steps.find((each) => each.id === 'warm')
      if (step?.status !== 'running') return
      if (!told) terminal.say(`${step.title}: ${step.detail || 'under way'} (Ctrl+C leaves it out; the guests run already)`)
      told = true
    }
  } catch (error) {
    if (!interrupted.aborted) throw error
  }
}

export interface BringUpOptions {
  readonly boot: 'auto' | 'cold'
  readonly terminal: Terminal
  readonly interrupted: AbortSignal
}

/** Asks for the stage, showing its progress. An interrupt cancels the work on the host and waits until it has ended. */
export async function bringUp(client: Client, options: BringUpOptions): Promise<StageView> {
  const watching = new AbortController()
  const writer = new ProgressWriter(options.terminal)
  const shown = showProgress(client, writer, watching.signal)
  const cancel = () => {
    options.terminal.say('Cancelling…')
    void client.stage.cancel().catch(() => undefined) // `up` itself ends with what went wrong
  }
  options.interrupted.addEventListener('abort', cancel, { once: true })
  try {
    const stage = await client.stage.up({ boot: options.boot })
    writer.show(stage)
    if (stage.status === 'cancelled') throw cancelled()
    if (stage.status !== 'ready') throw notReady(stage)
    return stage
  } catch (error) {
    throw options.interrupted.aborted ? cancelled(error) : error
  } finally {
    options.interrupted.removeEventListener('abort', cancel)
    watching.abort()
    await shown
  }
}

async function showProgress(client: Client, writer: ProgressWriter, signal: AbortSignal): Promise<void> {
  try {
    for await (const stage of await client.stage.watch(undefined, { signal })) writer.show(stage)
  } catch {
    // the stream ends by being aborted, or with the connection, whose error `up` reports
  }
}

function cancelled(cause?: unknown): CommandFailure {
  return new CommandFailure(exitCodes.interrupted, 'Setting up was cancelled.', 'What was finished is kept; `diptych up` goes on from there.', cause)
}

function notReady(stage: StageView): CommandFailure {
  const failed = stage.steps.find((step) => step.status === 'failed')
  return new CommandFailure(exitCodes.failed, failed === undefined ? `The stage is ${stage.status}.` : `${failed.title} failed: ${failed.detail}`, failed?.remedy ?? null)
}
