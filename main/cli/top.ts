import type { Command } from 'commander'
import type { GuestMeter, HostMeter } from '../../src/contract/host.ts'
import { withHost, type CliContext } from './context.ts'
import { table } from './terminal.ts'
import { formatBytes, formatControl } from './units.ts'

export function addTopCommand(program: Command, context: CliContext): void {
  program
    .command('top')
    .description('watch what the guests use, once a second')
    .option('--once', 'print one sample and end')
    .option('--json', 'print each sample as one line of JSON')
    .addHelpText('after', '\nExamples:\n  diptych top\n  diptych top --json | head -5')
    .action(async (options: { once?: true; json?: true }) => {
      await withHost(context, async (client) => {
        const samples = await client.host.meters(undefined, { signal: context.interrupted })
        let seen = 0
        for await (const meter of samples) {
          seen += 1
          if (options.once && seen === 1) continue // rates need two samples
          if (options.json) context.terminal.print(JSON.stringify(meter))
          else if (options.once) context.terminal.print(meterText(meter))
          else context.terminal.frame(meterText(meter))
          if (options.once) return
        }
      })
    })
}

const header = ['GUEST', 'CPU', 'HELD', 'SHARE', 'VCPUS', 'MEMORY', 'USED', 'RSS', 'READ', 'WRITE', 'IO/S', 'SENT', 'GOT']

/** The sample as a table: the guests, and below them what this computer has and has promised. */
export function meterText(meter: HostMeter): string {
  const { memory, cpu } = meter.budget
  const rows = meter.guests.map(rowOf)
  const percent = (value: number) => `${Math.round(value)}%`
  const mebibytes = (value: number) => `${Math.round(value)}MiB`
  return [
    table(header, rows),
    rows.length === 0 ? 'No guest is running.' : '',
    `memory: ${mebibytes(memory.promised)} promised of ${mebibytes(memory.limit)} (${mebibytes(memory.reserve)} kept for this computer), ${mebibytes(memory.inUse)} in use, ${mebibytes(memory.free)} free to promise`,
    `cpu:    ${percent(cpu.promised)} promised of ${percent(cpu.limit)}, ${percent(cpu.inUse)} in use, ${percent(cpu.free)} free to promise`,
  ].join('\n')
}

function rowOf(guest: GuestMeter): string[] {
  const percent = (value: number | null) => (value === null ? '-' : `${Math.round(value)}%`)
  const mebibytes = (value: number | null) => (value === null ? '-' : `${Math.round(value)}MiB`)
  const vcpus = guest.vcpusPlugged === null ? '-' : guest.vcpusOnline === null || guest.vcpusOnline === guest.vcpusPlugged ? String(guest.vcpusPlugged) : `${guest.vcpusOnline}/${guest.vcpusPlugged}`
  return [
    guest.guest,
    percent(guest.cpuPercent),
    percent(guest.throttledPercent),
    percent(guest.cpuSharePercent),
    vcpus,
    mebibytes(guest.actualMiB),
    mebibytes(guest.guestUsedMiB),
    mebibytes(guest.residentMiB),
    `${formatBytes(guest.diskReadBytesPerSecond)}/s`,
    `${formatBytes(guest.diskWriteBytesPerSecond)}/s`,
    String(Math.round(guest.diskReadsPerSecond + guest.diskWritesPerSecond)),
    formatControl(Math.round(guest.txBitsPerSecond), 'bit/s'),
    formatControl(Math.round(guest.rxBitsPerSecond), 'bit/s'),
  ]
}
