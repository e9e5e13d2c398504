import { parseArgs } from 'node:util'
import { LeaseFileUnreadable } from '../src/node/switch/lease-file.ts'
import { runSwitch, type SwitchOptions } from '../src/node/switch/run-switch.ts'
import { SocketInUse } from '../src/node/switch/unix-server.ts'

/** Entry of the switch process: one network, from its start to `shutdown`, SIGTERM or SIGINT. */
const USAGE = 'usage: node switch.js --runtime DIR --state DIR [--subnet 10.77.0.0/24] [--domain diptych.internal]'

const EXIT = { usage: 2, refused: 4, failed: 5 } as const

function readOptions(): SwitchOptions | null {
  try {
    const { values } = parseArgs({
      options: {
        runtime: { type: 'string' },
        state: { type: 'string' },
        subnet: { type: 'string', default: '10.77.0.0/24' },
        domain: { type: 'string', default: 'diptych.internal' },
      },
    })
    if (values.runtime === undefined || values.state === undefined) throw new RangeError('--runtime and --state are required')
    return { runtime: values.runtime, state: values.state, subnet: values.subnet, domain: values.domain, log }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`)
    return null
  }
}

function log(text: string): void {
  process.stderr.write(`${new Date().toISOString()} switch[${process.pid}] ${text}\n`)
}

function exitCodeOf(error: unknown): number {
  if (error instanceof RangeError) return EXIT.usage
  return error instanceof SocketInUse ? EXIT.refused : EXIT.failed
}

function wordsOf(error: unknown): string {
  if (error instanceof SocketInUse) return `${error.message}: a switch already runs there; stop it, or choose another --runtime`
  if (error instanceof LeaseFileUnreadable || error instanceof RangeError) return error.message
  return `the switch could not start: ${error instanceof Error ? error.message : String(error)}`
}

async function main(): Promise<number> {
  const options = readOptions()
  if (options === null) return EXIT.usage
  try {
    const running = await runSwitch(options)
    // Losing the terminal or the parent must not end the guests' network.
    process.on('SIGHUP', () => {})
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void running.shutdown())
    await running.ended
    return 0
  } catch (error) {
    log(wordsOf(error))
    return exitCodeOf(error)
  }
}

// The network of every guest goes on; what was rejected is in the log.
process.on('unhandledRejection', (reason) => log(`a promise was rejected and nobody heard it: ${(reason instanceof Error ? reason.stack : null) ?? String(reason)}`))
process.exitCode = await main()
