import type { StoreApi } from 'zustand/vanilla'
import type { DiscView } from '../../src/contract/disc.ts'
import type { GuestUpdate } from '../../src/contract/guest.ts'
import type { HostInfo, HostMeter, Message } from '../../src/contract/host.ts'
import type { GuestName } from '../../src/contract/names.ts'
import type { HttpLine, NetworkView } from '../../src/contract/network.ts'
import type { SnapshotTree } from '../../src/contract/snapshot.ts'
import type { StageSnapshotView, StageView } from '../../src/contract/stage.ts'
import type { TaskView } from '../../src/contract/task.ts'
import type { TemplateView } from '../../src/contract/template.ts'
import type { TrashItem } from '../../src/contract/trash.ts'
import type { NoticeText } from '../notice.ts'
import type { Settings } from './settings.ts'

/** The line to the host: never connected yet, live, or lost and being sought again. */
export type Link =
  | { readonly phase: 'connecting'; readonly attempt: number; readonly reason: string | null }
  | { readonly phase: 'live' }
  | { readonly phase: 'reconnecting'; readonly attempt: number; readonly reason: string }

/** Live load of one guest over the last `historyLength` samples, oldest first. */
export interface History {
  readonly cpuPercent: readonly number[]
  readonly memoryMiB: readonly number[]
  readonly bitsPerSecond: readonly number[]
  /** Of the CPU time that all guests got, in percent. */
  readonly cpuShare: readonly number[]
  readonly diskOperations: readonly number[]
  readonly diskBytes: readonly number[]
}

/** Samples kept; they arrive once a second. */
export const historyLength = 90

/** The outcome of a call of this window, shown until dismissed. */
export interface Notice extends NoticeText {
  readonly id: number
}

/** A file on its way from this window to the host, which is to copy it into a guest. */
export interface Sending {
  readonly id: number
  readonly guest: GuestName
  readonly title: string
  /** 0 to 1. */
  readonly fraction: number
  readonly cancel: () => void
}

export type Place = 'stage' | 'mixer' | 'library' | 'new-guest'

export type CloneSource = { readonly template: GuestName } | { readonly guest: GuestName }

/** What stands over the stage; one at a time. */
export type Dialog =
  | { readonly kind: 'palette' | 'help' | 'settings' | 'real-windows' | 'stop-all' | 'network' | 'stage-snapshots' | 'reset-stage' }
  | { readonly kind: 'force-stop' | 'reset' | 'logs' | 'snapshots' | 'edit' | 'delete' | 'export' | 'make-template' | 'policies' | 'inspect' | 'copy-out'; readonly guest: GuestName }
  | { readonly kind: 'copy-in'; readonly guest: GuestName; readonly files: readonly File[] }
  | { readonly kind: 'replace'; readonly reason: string; readonly force: () => void }
  | { readonly kind: 'clone'; readonly from: CloneSource; readonly title: string }
  | { readonly kind: 'over-budget'; readonly reason: string; readonly force: () => void }
  | { readonly kind: 'delete-template'; readonly template: GuestName; readonly title: string }

export interface WindowState {
  readonly link: Link
  readonly host: HostInfo | null
  readonly meter: HostMeter | null
  readonly stage: StageView | null
  readonly network: NetworkView | null
  readonly requests: readonly HttpLine[]
  readonly messages: readonly Message[]
  /** Long work of the host, under way or ended a moment ago. */
  readonly tasks: readonly TaskView[]
  readonly sending: readonly Sending[]
  readonly templates: readonly TemplateView[]
  readonly trash: readonly TrashItem[]
  /** Discs that browsers have sent. */
  readonly discs: readonly DiscView[]
  /** Each guest's snapshots, by its name. */
  readonly snapshots: Readonly<Record<string, SnapshotTree>>
  readonly stageSnapshots: readonly StageSnapshotView[]
  readonly guests: Readonly<Record<string, GuestUpdate>>
  /** Guest names in the order they are shown. */
  readonly order: readonly GuestName[]
  readonly history: Readonly<Record<string, History>>
  /** Still pictures as data URLs: each guest's last, by its name; templates' and snapshots' by theirs. */
  readonly thumbnails: Readonly<Record<string, string>>
  readonly notices: readonly Notice[]
  /** Whose screen has the keyboard; null when Diptych's own window has it. */
  readonly keysTo: GuestName | null
  readonly dialog: Dialog | null
  /** What the window shows: the guests side by side, or all there are with what can be made of them. */
  readonly place: Place
  /** A file dropped on the library, for the page that makes a guest of it. */
  readonly dropped: File | null
  /** The guest in full screen. */
  readonly solo: GuestName | null
  /** The guest whose own window this is; null for the stage. */
  readonly only: GuestName | null
  readonly settings: Settings
}

export type Store = StoreApi<WindowState>
