import type { GuestEvent, GuestUpdate } from '../../src/contract/guest.ts'
import type { HostMeter, Message } from '../../src/contract/host.ts'
import type { GuestName } from '../../src/contract/names.ts'
import type { NetworkEvent } from '../../src/contract/network.ts'
import { type History, historyLength, type WindowState } from './state.ts'

const requestsKept = 50
const messagesKept = 200
const emptyHistory: History = { cpuPercent: [], memoryMiB: [], bitsPerSecond: [], cpuShare: [], diskOperations: [], diskBytes: [] }

/** The guests of the window and whether a change was missed, so that the list has to be read again. */
export interface GuestStep {
  readonly state: Pick<WindowState, 'guests' | 'order'>
  readonly gap: boolean
}

/**
 * Applies one guest event. A view older than the one shown is dropped, so the window never goes backwards; a
 * jump in generations is applied and reported as a gap. `listed` replaces everything: it opens every connection,
 * and a restarted host counts generations anew.
 */
export function applyGuestEvent(state: Pick<WindowState, 'guests' | 'order'>, event: GuestEvent): GuestStep {
  switch (event.type) {
    case 'listed':
      return { state: replaceAll(event.guests), gap: false }
    case 'changed': {
      const known = state.guests[event.guest.view.name]
      const gap = known !== undefined && event.guest.generation > known.generation + 1
      return { state: applyUpdate(state, event.guest), gap }
    }
    case 'removed': {
      const guests = Object.fromEntries(Object.entries(state.guests).filter(([name]) => name !== event.name))
      return { state: { guests, order: state.order.filter((name) => name !== event.name) }, gap: false }
    }
  }
}

/** Applies one view, from an event or from a call's answer, unless a newer one is already shown. */
export function applyUpdate(state: Pick<WindowState, 'guests' | 'order'>, update: GuestUpdate): Pick<WindowState, 'guests' | 'order'> {
  const { name } = update.view
  const known = state.guests[name]
  if (known !== undefined && known.generation >= update.generation) return state
  return {
    guests: { ...state.guests, [name]: update },
    order: known === undefined ? inOrder([...state.order, name], { ...state.guests, [name]: update }) : state.order,
  }
}

/** A list read again on the same connection: newer views win one by one, vanished guests go. */
export function applyRelist(state: Pick<WindowState, 'guests' | 'order'>, list: readonly GuestUpdate[]): Pick<WindowState, 'guests' | 'order'> {
  const newest = list.map((update) => {
    const known = state.guests[update.view.name]
    return known !== undefined && known.generation > update.generation ? known : update
  })
  return replaceAll(newest)
}

function replaceAll(list: readonly GuestUpdate[]): Pick<WindowState, 'guests' | 'order'> {
  const guests = Object.fromEntries(list.map((update) => [update.view.name, update]))
  return { guests, order: inOrder(list.map((update) => update.view.name), guests) }
}

const kindOrder = { linux: 0, windows: 1, 'windows-stand-in': 1, other: 2 } as const

/** Linux on the left, Windows on the right, then the rest, each by name. */
function inOrder(names: readonly GuestName[], guests: Readonly<Record<string, GuestUpdate>>): GuestName[] {
  const rank = (name: GuestName) => kindOrder[guests[name]?.view.kind ?? 'other']
  return [...names].sort((left, right) => rank(left) - rank(right) || left.localeCompare(right))
}

export function applyMeter(state: Pick<WindowState, 'history'>, meter: HostMeter): Pick<WindowState, 'meter' | 'history'> {
  const history: Record<string, History> = { ...state.history }
  for (const guest of meter.guests) {
    const before = history[guest.guest] ?? emptyHistory
    history[guest.guest] = {
      ...before,
      cpuPercent: append(before.cpuPercent, guest.cpuPercent),
      memoryMiB: append(before.memoryMiB, guest.guestUsedMiB ?? guest.residentMiB),
      cpuShare: append(before.cpuShare, guest.cpuSharePercent ?? 0),
      diskOperations: append(before.diskOperations, guest.diskReadsPerSecond + guest.diskWritesPerSecond),
      diskBytes: append(before.diskBytes, guest.diskReadBytesPerSecond + guest.diskWriteBytesPerSecond),
      bitsPerSecond: append(before.bitsPerSecond, guest.txBitsPerSecond + guest.rxBitsPerSecond),
    }
  }
  return { meter, history }
}

export function applyNetwork(state: Pick<WindowState, 'requests'>, event: NetworkEvent): Partial<WindowState> {
  if (event.type === 'request') {
    const older = state.requests.filter((line) => line.sequence !== event.line.sequence)
    return { requests: [...older, event.line].slice(-requestsKept) }
  }
  return { network: event.network }
}

/** A message once, in order, the newest two hundred. */
export function applyMessage(messages: readonly Message[], message: Message): readonly Message[] {
  if (messages.some((known) => known.sequence === message.sequence && known.at === message.at)) return messages
  return [...messages, message].slice(-messagesKept)
}

function append(samples: readonly number[], sample: number): readonly number[] {
  return [...samples, sample].slice(-historyLength)
}
