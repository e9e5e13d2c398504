import type { Command } from 'commander'
import { mebibytesInWords } from '../../src/contract/amount.ts'
import { settingNames } from '../../src/contract/control.ts'
import { dropInWords } from '../../src/contract/drops.ts'
import type { GuestView } from '../../src/contract/guest.ts'
import { type GuestInspection, howToInstallAgent } from '../../src/contract/guest-agent.ts'
import type { HostInfo } from '../../src/contract/host.ts'
import type { GuestName } from '../../src/contract/names.ts'
import type { NetworkReport } from '../../src/contract/network.ts'
import { withHost, type CliContext } from './context.ts'
import { formatLink } from './link-values.ts'
import { json, table } from './terminal.ts'
import { formatBytes, formatControl, formatMilliseconds } from './units.ts'
import { readGuestName } from './values.ts'

export function addInfoCommand(program: Command, context: CliContext): void {
  program
    .command('info')
    .description('show everything about one guest, or about the host')
    .argument('[guest]', 'the guest; without it, the host')
    .option('--json', 'print it as JSON')
    .action(async (name: string | undefined, options: { json?: true }) => {
      const { terminal } = context
      if (name === undefined) {
        const info = await withHost(context, (client) => client.host.info())
        return terminal.print(options.json ? json(info) : hostLines(info))
      }
      const guest = readGuestName(name)
      const [update, network, inside] = await withHost(context, async (client) => {
        const asked = await client.guest.inspect({ name: guest }).catch(() => null) // without an agent there is nothing to tell
        const found = await client.guest.get({ name: guest })
        return [found, await client.network.get(), asked] as const
      })
      const statistics = network.statistics?.ports.find((port) => port.guest === guest) ?? null
      const meter = network.ports.find((port) => port.guest === guest) ?? null
      terminal.print(options.json ? json({ ...update, meter, statistics, inside }) : guestLines(update.view, [...trafficLines(network, guest), ...insideLines(update.view, inside)]))
    })
}

function hostLines(info: HostInfo): string {
  return table(
    ['version', info.version],
    [
      ['node', info.node],
      ['platform', info.platform],
      ['qemu', info.qemu ?? 'not found'],
      ['accelerator', `${info.accelerator.kind} (${info.accelerator.reason})`],
      ['cpus', String(info.cpus)],
      ['memory', mebibytesInWords(info.memoryMiB, Math.floor)],
      ['cpu cap', `${info.cpuCap.available ? 'available' : 'unavailable'} (${info.cpuCap.reason})`],
      ['data', info.dataDirectory],
      ['process', `${info.processId}, since ${info.startedAt}`],
    ],
  )
}

function trafficLines(network: NetworkReport, guest: GuestName): string[][] {
  const meter = network.ports.find((port) => port.guest === guest)
  const drops = Object.entries(network.statistics?.ports.find((port) => port.guest === guest)?.drops ?? {})
  if (meter === undefined) return []
  return [
    ['traffic', `sent ${formatBytes(meter.txBytes)} in ${meter.txPackets} packets, received ${formatBytes(meter.rxBytes)} in ${meter.rxPackets}`],
    ['dropped', drops.length === 0 ? 'nothing' : drops.map(([reason, count]) => dropInWords(reason, count)).join(', ')],
  ]
}

/** What the guest's agent tells of its inside, or how to get one. */
function insideLines(view: GuestView, inside: GuestInspection | null): string[][] {
  if (inside === null) return view.state === 'running' ? [['no agent', howToInstallAgent(view.kind)]] : []
  const users = inside.users?.map((user) => (user.domain === null ? user.name : `${user.domain}\\${user.name}`)).join(', ')
  const disks = inside.fileSystems?.map(({ mountPoint, type, totalBytes, freeBytes }) => [
    'file system',
    `${mountPoint} (${type})${totalBytes === null || freeBytes === null ? '' : `, ${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} free`}`,
  ])
  return [['users', users === undefined ? 'the agent cannot say' : users || 'nobody is logged in'], ...(disks ?? [])]
}

/** An agent's name for a system often has the version in it. */
function systemOf({ name, version }: GuestView['os']): string {
  return version === null || name.includes(version) ? name : `${name} ${version}`
}

function guestLines(view: GuestView, traffic: readonly string[][]): string {
  const controls = Object.values(view.controls).map((control) => {
    const range = `${formatControl(control.minimum, control.unit)} to ${formatControl(control.maximum, control.unit)}${control.unlimited ? ' or unlimited' : ''}`
    const value = `${formatControl(control.requested, control.unit)}, in force ${control.effective === null && !control.unlimited ? 'not known yet' : formatControl(control.effective, control.unit)}`
    return [settingNames[control.name], control.applies === 'unavailable' ? `unavailable: ${control.reason ?? 'no reason given'}` : `${value} (${range})${control.note === null ? '' : `; ${control.note}`}`]
  })
  const refused = Object.entries(view.actions).flatMap(([action, answer]) => (answer.allowed ? [] : [[`no ${action}`, answer.reason ?? '']]))
  return table(
    ['name', `${view.name} (${view.title})`],
    [
      ['state', view.detail === null ? view.state : `${view.state}: ${view.detail}`],
      ...(view.state === 'failed' ? [['way out', `diptych start ${view.name}; what QEMU said last: diptych logs ${view.name} --source engine`]] : []),
      ['system', systemOf(view.os) + (view.os.source === 'agent' ? '' : ' (as defined; the guest has not been asked)')],
      ['agent', view.agent],
      ['started', view.startedAt === null ? '-' : `${view.startedAt} (${view.boot ?? ''})`],
      ['took', `running ${formatMilliseconds(view.milestones.runningMs)}, screen ${formatMilliseconds(view.milestones.screenLiveMs)}, web ${formatMilliseconds(view.milestones.webAnsweringMs)}`],
      ['address', `${view.network.ipv4 ?? '-'}  ${view.network.dnsName}  ${view.network.mac}`],
      ['link', `${view.network.linkUp ? 'up' : 'down'}, ${formatLink(view.network.link)}`],
      ...traffic,
      ['clipboard', view.clipboard],
      ['cpus', String(view.vcpus)],
      ...controls,
      ...refused,
    ],
  )
}
