import type { Command } from 'commander'
import type { Client } from '../../src/contract/connection.ts'
import { NetworkName } from '../../src/contract/names.ts'
import type { CardChange, NetworkSummary } from '../../src/contract/network.ts'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { withTaskProgress } from './task-progress.ts'
import { json, table } from './terminal.ts'
import { readGuestName } from './values.ts'

/** A network's name as typed. */
export function readNetworkName(text: string): NetworkName {
  const name = NetworkName.safeParse(text)
  if (!name.success) throw new CommandFailure(exitCodes.usage, `"${text}" cannot be a network's name: ${name.error.issues[0]?.message ?? 'it is not valid'}.`, null)
  return name.data
}

interface AsJson {
  readonly json?: true
}

/** `diptych network …`: the private networks, and who is on which. */
export function addNetworkCommands(program: Command, context: CliContext): void {
  const { terminal } = context
  const network = program.command('network').description('list, make and delete private networks; put guests on them and take them off')
  const show = (found: NetworkSummary, options: AsJson, words: string) => (options.json ? terminal.print(json(found)) : terminal.say(words))

  network
    .command('list')
    .description('show every private network and who is on it')
    .option('--json', 'print them as JSON')
    .action(async (options: AsJson) => {
      const networks = await withHost(context, (client) => client.network.list())
      terminal.print(options.json ? json(networks) : networkTable(networks))
    })
  network
    .command('create')
    .description('make a private network; no frame passes from one network to another')
    .argument('<name>', 'at most 15 letters, digits and hyphens')
    .option('--subnet <subnet>', 'like 10.80.0.0/24; default: the first free one')
    .option('--json', 'print it as JSON')
    .action(async (name: string, options: AsJson & { subnet?: string }) => {
      const made = await withHost(context, (client) => client.network.create({ name: readNetworkName(name), ...(options.subnet === undefined ? {} : { subnet: options.subnet }) }))
      show(made, options, `${made.name} is ${made.subnet}, names below ${made.domain}. Put a guest on it: diptych network connect GUEST ${made.name}`)
    })
  network
    .command('delete')
    .description('delete a private network that no guest is on')
    .argument('<name>')
    .option('--json', 'print what it was as JSON')
    .action(async (name: string, options: AsJson) => {
      const gone = await withHost(context, (client) => client.network.delete({ name: readNetworkName(name) }))
      show(gone, options, `${gone.name} is deleted.`)
    })

  const change = (verb: string, description: string, words: string, act: (client: Client, guest: ReturnType<typeof readGuestName>, on: NetworkName) => Promise<CardChange>) =>
    network
      .command(verb)
      .description(description)
      .argument('<guest>')
      .argument('<network>')
      .option('--json', 'print the change as JSON')
      .action(async (guestText: string, networkText: string, options: AsJson) => {
        const [guest, on] = [readGuestName(guestText), readNetworkName(networkText)]
        const result = await withHost(context, (client) => act(client, guest, on))
        if (options.json) terminal.print(json(result))
        else terminal.say(changeWords(result, `${guest} ${words} ${on}`))
      })
  change('connect', 'give a guest a card on a network', 'is on', (client, guest, on) => client.network.connect({ guest, network: on }))
  change('disconnect', "take a guest's card on a network away", 'is not on', (client, guest, on) => client.network.disconnect({ guest, network: on }))

  network
    .command('uplink')
    .description("give a guest a card to this computer's own network and the internet, or take it away")
    .argument('<guest>')
    .argument('<on|off>')
    .option('--json', 'print the change as JSON')
    .addHelpText('after', '\nOff by default. With it the guest reaches the internet, this computer at 10.0.2.2, and whatever this computer reaches.')
    .action(async (guestText: string, state: string, options: AsJson) => {
      if (state !== 'on' && state !== 'off') throw new CommandFailure(exitCodes.usage, `"${state}" is neither on nor off.`, 'Write: diptych network uplink linux on')
      const guest = readGuestName(guestText)
      const result = await withHost(context, (client) => client.network.setUplink({ guest, on: state === 'on' }))
      if (options.json) terminal.print(json(result))
      else terminal.say(changeWords(result, state === 'on' ? `${guest} has an uplink` : `${guest} has no uplink`))
    })

  network
    .command('restart')
    .description('put a new switch in the place of the one that runs; guests run on')
    .option('--json', 'print the network as JSON')
    .addHelpText('after', '\nFor a moment guests hear nothing of each other; addresses, links and the connections between them stay. Connections through\npublished ports, captures, and the log of requests end.')
    .action(async (options: AsJson) => {
      const restarted = await withHost(context, (client) => withTaskProgress(context, client, 'network', () => client.network.restart()))
      if (options.json) terminal.print(json(restarted))
      else terminal.say('A new switch runs, and the guests are connected to it.')
    })
}

function changeWords({ applies, guest }: CardChange, state: string): string {
  switch (applies) {
    case 'already':
      return `${state} already.`
    case 'now':
      return `${state}.`
    case 'next-start':
      return `${state} from its next start on: the running machine has no slot for a further card. diptych stop ${guest} && diptych start ${guest}`
  }
}

function networkTable(networks: readonly NetworkSummary[]): string {
  return table(
    ['NETWORK', 'SUBNET', 'NAMES BELOW', 'GUESTS'],
    networks.map(({ name, subnet, domain, guests }) => [name, subnet, domain, guests.map(({ guest, ipv4 }) => (ipv4 === null ? guest : `${guest} (${ipv4})`)).join(', ') || '-']),
  )
}
