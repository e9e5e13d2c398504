import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GuestName, MacAddress, NetworkName, stageNetwork } from '../src/contract/names.ts'
import { Refusal } from '../src/contract/refusal.ts'
import { FakeMachine } from '../test/fake/machine.ts'
import { cardsOf, uplinkMac, type NetworkCard } from '../src/guest/cards.ts'
import { demonstrationGuests, type GuestDefinition } from '../src/guest/definition.ts'
import { NetworkStore } from '../src/node/network-store.ts'
import { PrivateNetworks } from './private-networks.ts'

const [linux, windows, lab] = [GuestName.parse('linux'), GuestName.parse('windows'), NetworkName.parse('lab')]

let directory = ''
let guests: Map<GuestName, { definition: GuestDefinition; machine: FakeMachine | null }>
let removed: NetworkName[]
let messages: string[]
let connected: NetworkCard[]
let networks: PrivateNetworks

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dn-'))
  guests = new Map(demonstrationGuests().map((definition) => [definition.name, { definition, machine: null }]))
  removed = []
  connected = []
  messages = []
  networks = open()
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function open(): PrivateNetworks {
  const found = (name: GuestName) => guests.get(name) ?? expect.fail(`no ${name}`)
  const made = new PrivateNetworks({
    store: new NetworkStore(directory),
    guests: {
      all: () => [...guests.values()],
      get: found,
      redefine: async (name, change) => void guests.set(name, { ...found(name), definition: { ...found(name).definition, ...change } }),
    },
    network: {
      client: null,
      cards: () => connected,
      definePorts: async (_guest, cards) => {
        connected = [...cards]
        return (network) => `/nowhere/${network}`
      },
      removeNetwork: async (name) => void removed.push(name),
      addressOf: () => null,
      tell: () => undefined,
    },
    message: (_level, text) => messages.push(text),
  })
  made.load()
  return made
}

/** Lets the guest run with the cards of its definition. */
function run(name: GuestName): FakeMachine {
  const { definition } = guests.get(name) ?? expect.fail(`no ${name}`)
  const machine = new FakeMachine()
  connected = cardsOf(definition)
  guests.set(name, { definition, machine })
  return machine
}

const refusal = (promise: Promise<unknown>) => promise.then(() => 'done', (error: unknown) => (error instanceof Refusal ? error.code : String(error)))
const file = () => readFileSync(join(directory, 'networks.yaml'), 'utf8')
const on = (name: NetworkName, all = networks.list()) => all.find((network) => network.name === name)?.guests.map((each) => each.guest)

describe('private networks', () => {
  it('begin with the stage and everybody on it', () => {
    expect(networks.list()).toMatchObject([{ name: 'stage', domain: 'diptych.internal', subnet: '10.77.0.0/24', gateway: '10.77.0.1', guests: [{ guest: 'linux', dnsName: 'linux.diptych.internal' }, { guest: 'windows' }] }])
  })

  it('are made with the first free subnet, kept, and deleted', async () => {
    expect(await networks.create(lab, undefined)).toMatchObject({ subnet: '10.78.0.0/24', domain: 'lab.diptych.internal', guests: [] })
    expect(await networks.create(lab, undefined)).toMatchObject({ subnet: '10.78.0.0/24' })
    expect(await networks.create(NetworkName.parse('dmz'), '192.168.9.0/24')).toMatchObject({ gateway: '192.168.9.1' })
    expect(open().list().map((network) => network.name)).toEqual(['stage', 'lab', 'dmz'])
    await networks.delete(lab)
    expect([removed, open().list().map((network) => network.name)]).toEqual([['lab'], ['stage', 'dmz']])
  })

  it('refuse what cannot be', async () => {
    await networks.create(lab, '10.80.0.0/24')
    expect(await refusal(networks.create(lab, '10.81.0.0/24'))).toBe('already-exists')
    expect(await refusal(networks.create(NetworkName.parse('dmz'), '10.80.0.128/25'))).toBe('in-use')
    expect(await refusal(networks.create(NetworkName.parse('dmz'), '10.77.0.0/16'))).toBe('in-use')
    expect(await refusal(networks.create(NetworkName.parse('dmz'), '8.8.8.0/24'))).toBe('out-of-range')
    expect(await refusal(networks.create(NetworkName.parse('linux'), undefined))).toBe('in-use')
    expect(await refusal(networks.delete(stageNetwork))).toBe('in-use')
    await expect(networks.delete(NetworkName.parse('nowhere'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(networks.connect(linux, NetworkName.parse('nowhere'))).rejects.toThrow('no network is named "nowhere"')
  })

  it('take guests on and off while they do not run', async () => {
    await networks.create(lab, undefined)
    expect(await networks.connect(linux, lab)).toMatchObject({ applies: 'now' })
    expect(await networks.connect(linux, lab)).toMatchObject({ applies: 'already' })
    expect([on(stageNetwork), on(lab)]).toEqual([[linux, windows], [linux]])
    expect(await networks.disconnect(linux, stageNetwork)).toMatchObject({ applies: 'now' })
    expect(guests.get(linux)?.definition.networks).toEqual(['lab'])
    expect(await networks.setUplink(linux, true)).toMatchObject({ applies: 'now' })
    expect(networks.uplinks()).toEqual([linux])
  })

  it('plug cards into a running machine while it has slots, and take cables off and put them back', async () => {
    const machine = run(linux)
    await networks.create(lab, undefined)
    expect(await networks.connect(linux, lab)).toMatchObject({ applies: 'now' })
    expect(await networks.setUplink(linux, true)).toMatchObject({ applies: 'now' })
    expect(machine.calls).toEqual(['plug switch', 'plug uplink'])
    machine.freeSlots = 0
    await networks.create(NetworkName.parse('dmz'), undefined)
    expect(await networks.connect(linux, NetworkName.parse('dmz'))).toMatchObject({ applies: 'next-start' })
    expect(await networks.disconnect(linux, NetworkName.parse('dmz'))).toMatchObject({ applies: 'now' })
    machine.calls.length = 0
    expect(await networks.disconnect(linux, lab)).toMatchObject({ applies: 'now' })
    expect(connected.map((card) => card.network)).toEqual(['stage'])
    expect(await networks.connect(linux, lab)).toMatchObject({ applies: 'now' })
    expect(await networks.setUplink(linux, false)).toMatchObject({ applies: 'now' })
    const mac = uplinkMac(demonstrationGuests()[0] ?? expect.fail('no guest'))
    expect(machine.calls).toEqual([`link ${mac} up`, `link ${mac} up`, 'reconnect lab', `link ${mac} down`])
  })

  it('stay while anybody is on them, running or not', async () => {
    await networks.create(lab, undefined)
    await networks.connect(linux, lab)
    expect(await refusal(networks.delete(lab))).toBe('in-use')
    await networks.disconnect(linux, lab)
    run(linux)
    connected = [{ network: lab, mac: MacAddress.parse('52:54:00:00:00:01') }]
    await expect(networks.delete(lab)).rejects.toThrow('linux is on it until it stops')
  })

  it('that a definition names and nobody made are made when it starts', async () => {
    expect(await networks.subnetOf(lab)).toBe('10.78.0.0/24')
    expect(messages.join()).toContain('lab is made')
    expect(file()).toContain('name: lab')
  })

  it('a file that cannot be read is told and never overwritten', async () => {
    writeFileSync(join(directory, 'networks.yaml'), 'version: 7')
    const blind = open()
    expect(messages.join()).toContain('reads version 1')
    expect(blind.list()).toHaveLength(1)
    await expect(blind.create(lab, undefined)).rejects.toMatchObject({ part: 'networks', remedy: expect.stringContaining('networks.yaml') as string })
    expect(file()).toBe('version: 7')
  })
})
