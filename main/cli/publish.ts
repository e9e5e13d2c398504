import { InvalidArgumentError, type Command } from 'commander'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { json } from './terminal.ts'
import { readGuestName } from './values.ts'

export function addPublishCommands(program: Command, context: CliContext): void {
  program
    .command('publish')
    .description("give a guest's port a URL on this computer, for its browsers")
    .argument('<guest>', 'the guest')
    .option('--port <port>', 'the port in the guest', readPort, 80)
    .option('--host-port <port>', 'the port on this computer; without it, any free one', readPort)
    .option('--json', 'print the publication as JSON')
    .addHelpText('after', '\nOn 127.0.0.1 only. It ends with the guest and with the host: without `diptych serve` or a window, this command stays until interrupted.\n\nExamples:\n  diptych publish linux\n  diptych publish windows --port 8080 --host-port 9000')
    .action(async (name: string, options: { port: number; hostPort?: number; json?: true }) => {
      const guest = readGuestName(name)
      const connection = await context.attach()
      try {
        const { hostPort, port } = options
        const publication = await connection.client.network.publish({ guest, port, ...(hostPort === undefined ? {} : { hostPort }) }, { signal: context.interrupted })
        context.terminal.print(options.json ? json(publication) : publication.url)
        if (!connection.ownsHost) return
        context.terminal.say('Published until interrupted (Ctrl+C), or until the guest ends.')
        await untilWithdrawn(connection.client.network.watch({}, { signal: context.interrupted }), publication.hostPort, context.interrupted)
      } finally {
        await connection.release()
      }
    })
  program
    .command('unpublish')
    .description("withdraw a guest's URLs on this computer")
    .argument('<guest>', 'the guest')
    .option('--port <port>', 'only this port of the guest', readPort)
    .option('--json', 'print what was withdrawn as JSON')
    .action(async (name: string, options: { port?: number; json?: true }) => {
      const guest = readGuestName(name)
      const gone = await withHost(context, (client) => client.network.unpublish({ guest, ...(options.port === undefined ? {} : { port: options.port }) }))
      if (options.json || gone.length > 0) context.terminal.print(options.json ? json(gone) : gone.map(({ url }) => url).join('\n'))
      if (gone.length === 0) throw new CommandFailure(exitCodes.no, `Nothing of ${guest} was published.`)
    })
}

type Watched = Promise<AsyncIterable<{ type: string; network?: { publications: readonly { hostPort: number }[] } }>>

async function untilWithdrawn(watched: Watched, hostPort: number, interrupted: AbortSignal): Promise<void> {
  try {
    for await (const event of await watched) if (event.network !== undefined && !event.network.publications.some((each) => each.hostPort === hostPort)) return
  } catch (error) {
    if (!interrupted.aborted) throw error
  }
}

function readPort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw new InvalidArgumentError('It must be a port from 1 to 65535.')
  return port
}
