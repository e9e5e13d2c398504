import { Accidents } from '../accidents.ts'
import { toWireError } from '../error-map.ts'
import { openHost } from '../host.ts'
import { type Host, HostBusy, type OpenHost } from '../host-types.ts'
import { createLogger, hostLogPath } from '../log.ts'
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
process.stderr.on('error', () => undefined) // a terminal that is gone must not end a host

let host: Host | null = null
/** A host that cannot open says why in the contract's own terms. */
const openHostOrSay: OpenHost = async (options) => {
  try {
    host = await openHost(options)
    return host
  } catch (error) {
    throw error instanceof HostBusy ? error : toWireError(error)
  }
}

const places = directories()
const terminal = createTerminal(process.stdout, process.stderr, process.env)
const accidents = new Accidents({
  log: () => createLogger(places),
  logPath: hostLogPath(places),
  told: (text) => {
    terminal.say(text)
    host?.tellFailure(text)
  },
  end: (text) => {
    terminal.say(text)
    interrupt.abort() // every command, and serving, ends in order by it
  },
  exit: () => process.exit(exitCodes.failed),
})
accidents.watch()

const context: CliContext = {
  terminal,
  directories: places,
  env: process.env,
  interrupted: interrupt.signal,
  attach: () => attach({ directories: places, openHost: openHostOrSay }),
}

process.exitCode = await runCommandLine(process.argv.slice(2), context, { openHost: openHostOrSay, openWindow })
if (accidents.isEnding) process.exit(exitCodes.failed)
