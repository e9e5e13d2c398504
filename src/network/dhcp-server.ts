import { BROADCAST, sameMac, type MacParts, type Subnet } from './address.ts'
import { DHCP, encodeDhcpReply, ipOption, OPTION, searchOption, textOption, u16Option, u32Option, type DhcpOption, type DhcpRequest } from './dhcp-message.ts'

/** What a port's guest is told. */
export interface DhcpClientSettings {
  readonly mac: MacParts
  readonly ipv4: number
  readonly hostName: string
  readonly mtu: number
  /** A URL a network boot follows (option 67); null for none. */
  readonly bootUrl: string | null
}

export interface DhcpAnswer {
  readonly message: Uint8Array
  readonly destinationIp: number
  readonly destinationMac: MacParts
  /** The guest now holds its address (true), gave it back (false), or nothing changed (null). */
  readonly bound: boolean | null
}

export type DhcpVerdict = { readonly answer: DhcpAnswer } | { readonly ignored: 'foreign-hardware-address' | 'for-another-server' | 'declined' | 'released' | 'relayed' | 'unknown-type' }

/** Addresses are fixed per guest, so a lease only has to be renewed to notice a change of its options. */
export const LEASE_SECONDS = 86_400

/**
 * Decides the answer to one client message (RFC 2131 §4.3). Each port has exactly one address, reserved before the
 * guest asks, so there is no pool a hostile guest could drain, and no message is answered whose hardware address is
 * not the port's own.
 */
export function answerDhcp(request: DhcpRequest, client: DhcpClientSettings, network: { readonly subnet: Subnet; readonly domain: string }): DhcpVerdict {
  const server = network.subnet.gateway
  if (!sameMac(request.clientMac, client.mac)) return { ignored: 'foreign-hardware-address' }
  if (request.relayIp !== 0) return { ignored: 'relayed' }
  const isForUs = request.serverId === null || request.serverId === server
  switch (request.type) {
    case DHCP.discover:
      return { answer: reply(DHCP.offer, client.ipv4, null) }
    case DHCP.request: {
      if (!isForUs) return { ignored: 'for-another-server' }
      const wanted = request.requestedIp ?? request.clientIp
      return wanted === client.ipv4 ? { answer: reply(DHCP.ack, client.ipv4, true) } : { answer: refusal() }
    }
    case DHCP.inform:
      return { answer: reply(DHCP.ack, 0, null) }
    case DHCP.decline:
      return { ignored: 'declined' }
    case DHCP.release:
      return { ignored: isForUs ? 'released' : 'for-another-server' }
    default:
      return { ignored: 'unknown-type' }
  }

  function reply(type: number, yourIp: number, bound: boolean | null): DhcpAnswer {
    const lease: DhcpOption[] = yourIp === 0 ? [] : [u32Option(OPTION.leaseTime, LEASE_SECONDS)]
    const boot: DhcpOption[] = client.bootUrl === null ? [] : [textOption(OPTION.bootFile, client.bootUrl)]
    const options: DhcpOption[] = [
      ipOption(OPTION.serverId, server),
      ...lease,
      ipOption(OPTION.subnetMask, network.subnet.mask),
      ipOption(OPTION.broadcast, network.subnet.broadcast),
      ipOption(OPTION.nameServer, server),
      textOption(OPTION.hostName, client.hostName),
      textOption(OPTION.domainName, network.domain),
      u16Option(OPTION.mtu, client.mtu),
      searchOption(network.domain),
      ...boot,
    ]
    const clientIp = type === DHCP.offer ? 0 : request.clientIp
    const message = encodeDhcpReply({ type, request, clientIp, yourIp, serverIp: server, options })
    // RFC 2131 §4.1: to the address the client already uses; else broadcast if it asked for that; else unicast to the new one.
    if (request.clientIp !== 0) return { message, destinationIp: request.clientIp, destinationMac: client.mac, bound }
    if (request.broadcast) return { message, destinationIp: 0xffff_ffff, destinationMac: BROADCAST, bound }
    return { message, destinationIp: yourIp, destinationMac: client.mac, bound }
  }

  function refusal(): DhcpAnswer {
    const message = encodeDhcpReply({ type: DHCP.nak, request, clientIp: 0, yourIp: 0, serverIp: 0, options: [ipOption(OPTION.serverId, server)] })
    return { message, destinationIp: 0xffff_ffff, destinationMac: BROADCAST, bound: null }
  }
}
