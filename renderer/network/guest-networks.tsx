import type { GuestName } from '../../src/contract/names.ts'
import type { NetworkSummary } from '../../src/contract/network.ts'
import { useWindow } from '../store/context.ts'
import styles from './link-popover.module.css'

/** The networks a guest is on besides the stage's; nothing when it is on that one alone. */
export function GuestNetworks({ guest }: { readonly guest: GuestName }) {
  const networks = useWindow((state) => state.network?.networks) ?? []
  const hasUplink = useWindow((state) => state.network?.uplinks.includes(guest) === true)
  const words = networkWords(guest, networks, hasUplink)
  return words === null ? null : (
    <p className={styles.totals} data-testid={`networks-${guest}`}>
      {words}
    </p>
  )
}

/** `Also on lab (10.78.0.24) and the internet. The link’s settings hold on every private network.` */
export function networkWords(guest: GuestName, networks: readonly NetworkSummary[], hasUplink: boolean): string | null {
  const on = networks.flatMap(({ name, guests }) => guests.filter((each) => each.guest === guest).map((each) => ({ name, ipv4: each.ipv4 })))
  const others = on.filter(({ name }) => name !== 'stage').map(({ name, ipv4 }) => (ipv4 === null ? name : `${name} (${ipv4})`))
  const places = hasUplink ? [...others, 'the internet'] : others
  const isOnStage = on.length > others.length
  if (places.length === 0) return isOnStage ? null : 'On no network.'
  const last = places.at(-1) ?? ''
  const list = places.length === 1 ? last : `${places.slice(0, -1).join(', ')} and ${last}`
  return `${isOnStage ? 'Also on' : 'On'} ${list}.${others.length === 0 ? '' : ' The link’s settings hold on every private network.'}`
}
