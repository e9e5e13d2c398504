import { toWireError } from '../error-map.ts'
import { openHost } from '../host.ts'
import { HostBusy, type OpenHost } from '../host-types.ts'
import { directories } from '../../src/node/paths.ts'
import { openWindow } from '../shell/launch.ts'
import { attach } from './attach.ts'
import type { CliContext } from './context.ts'
import { exitCodes } from './exit-code.ts'
import { runCommandLine } from './program.ts'
import { createTerminal } from './terminal.ts'

/** Entry of the `diptych` command. */

const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (interrupt.signal.aborted) process.exit(exitCodes.interrupted) // asked twice: at once
    interrupt.abort()
  })
}
process.stdout.on('error', () => process.exit(exitCodes.done)) // the reader (`head`, say) has seen enough

/** A host that cannot open says why in the contract's own terms. */
const openHostOrSay: OpenHost = (options) =>
  openHost(options).catch((error: unknown) => {
    throw error instanceof HostBusy ? error : toWireError(error)
  })

const places = directories()
const context: CliContext = {
  terminal: createTerminal(process.stdout, process.stderr, process.env),
  directories: places,
  env: process.env,
  interrupted: interrupt.signal,
  attach: () => attach({ directories: places, openHost: openHostOrSay }),
}

process.exitCode = await runCommandLine(process.argv.slice(2), context, { openHost: openHostOrSay, openWindow })
