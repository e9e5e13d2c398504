import type { Writable } from 'node:stream'
import { InvalidArgumentError, type Command } from 'commander'
import { reasonOf } from '../../src/contract/refusal.ts'
import { stageNetwork, type GuestName, type NetworkName } from '../../src/contract/names.ts'
import type { CaptureOptions as SwitchCapture } from '../../src/network/capture.ts'
import { SwitchFault } from '../../src/network/client.ts'
import { captureToFile, openCapture } from '../../src/node/switch/capture.ts'
import { captureBytes, watchCaptureBytes } from '../capture-size.ts'
import type { CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { readNetworkName } from './network.ts'
import { json } from './terminal.ts'
import { formatBytes, readAmount } from './units.ts'
import { readGuestName } from './values.ts'

interface CaptureOptions {
  readonly network: NetworkName
  readonly file?: string
  readonly stdout?: true
  readonly size: number
  readonly seconds?: number
  readonly json?: true
}

const whole = 65_549

/** Talks to the switch itself: a capture needs no host, and `--stdout` must not pass through one. */
export function addCaptureCommand(program: Command, context: CliContext): void {
  program
    .command('capture')
    .description("write a guest's or the whole network's traffic as pcapng, until interrupted")
    .argument('[what]', 'a guest, or `network` for all of it', 'network')
    .option('--network <network>', 'which private network; default the stage', readNetworkName, stageNetwork)
    .option('--file <file>', 'where to write; default <what>.pcapng')
    .option('--stdout', 'write to standard output, for `| tshark -i -`')
    .option('--size <size>', 'at most this much per file: the newest two are kept (512kB, 64MB, 1GB)', readSize, 64e6)
    .option('--seconds <seconds>', 'end after this long', readSeconds)
    .option('--json', 'print file, number of packets and bytes as JSON at the end')
    .addHelpText('after', '\nExamples:\n  diptych capture linux --file linux.pcapng\n  diptych capture linux --stdout | tshark -i -\n  diptych capture --size 10MB --seconds 60')
    .action(async (what: string, options: CaptureOptions) => {
      const guest = what === 'network' ? null : readGuestName(what)
      if (options.stdout === true && options.file !== undefined) throw new CommandFailure(exitCodes.usage, '--file and --stdout cannot be given together.', 'Choose one of them.')
      const timeUp = options.seconds === undefined ? [] : [AbortSignal.timeout(options.seconds * 1_000)]
      const end = AbortSignal.any([context.interrupted, ...timeUp])
      try {
        if (options.stdout === true) await toOutput(context.directories.runtime, { network: options.network, guest, snapBytes: whole }, process.stdout, end)
        else await toFile(context, guest, options.file ?? `${what}.pcapng`, options, end)
      } catch (error) {
        throw faultOf(error, what, options.network)
      }
    })
}

async function toFile(context: CliContext, guest: GuestName | null, path: string, options: CaptureOptions, end: AbortSignal): Promise<void> {
  const { terminal, directories } = context
  const over = new AbortController()
  const startedAt = Date.now()
  const begun = () => {
    terminal.say(`Capturing ${guest ?? 'the network'} to ${path}, at most ${formatBytes(options.size)} a file; Ctrl+C ends it.`)
    void watchCaptureBytes(path, over.signal, (bytes) => terminal.live(`${formatBytes(bytes)} of at most ${formatBytes(2 * options.size)} in ${path}, for ${Math.round((Date.now() - startedAt) / 1_000)} s`))
  }
  const packets = await captureToFile(directories.runtime, { network: options.network, guest, snapBytes: whole }, path, options.size, end, begun).finally(() => over.abort())
  const bytes = await captureBytes(path)
  if (options.json === true) terminal.print(json({ path, packets, bytes }))
  else terminal.say(`${packets} packets, ${formatBytes(bytes)}, in ${path}${bytes > options.size ? ` and ${path}.1` : ''}.`)
}

/** Ends with the signal, with the network, or when nobody reads any more. */
async function toOutput(runtime: string, what: SwitchCapture, output: Writable, end: AbortSignal): Promise<void> {
  const stream = await openCapture(runtime, what)
  await new Promise<void>((resolve) => {
    const stop = () => stream.destroy()
    end.addEventListener('abort', stop, { once: true })
    if (end.aborted) stop()
    output.once('error', stop) // EPIPE: the reader has gone, which is how `| head` ends
    stream.once('close', () => {
      end.removeEventListener('abort', stop)
      resolve()
    })
    stream.pipe(output, { end: false })
  })
}

function faultOf(error: unknown, what: string, network: NetworkName): unknown {
  if (error instanceof SwitchFault) {
    if (error.code === 'not-found') return new CommandFailure(exitCodes.notFound, what === 'network' ? `The network ${network} is not in use.` : `No guest "${what}" that runs is on the network ${network}.`, 'Start it first; `diptych network list` shows who is on which network.', error)
    if (error.code === 'unreachable') return new CommandFailure(exitCodes.refused, 'The network is not running, so there is nothing to capture.', 'Start a guest first: diptych up', error)
    return error
  }
  const code = error instanceof Error && 'code' in error ? error.code : null
  if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR' || code === 'ENOSPC') return new CommandFailure(exitCodes.failed, `The capture could not be written: ${reasonOf(error)}.`, 'Name a file in a folder you can write to, on a disk with room.', error)
  return error
}

function readSize(text: string): number {
  const bytes = readAmount(text, { kB: 1e3, MB: 1e6, GB: 1e9 })
  if (bytes === null || bytes < 65_536) throw new InvalidArgumentError('Write a size like 512kB, 64MB or 1GB; at least 66kB.')
  return Math.round(bytes)
}

function readSeconds(text: string): number {
  const seconds = Number(text)
  if (!/^\d{1,6}$/.test(text) || seconds < 1) throw new InvalidArgumentError('It must be a whole number of seconds.')
  return seconds
}
