import { useId, useState, type FormEvent } from 'react'
import { NetworkName, type GuestName } from '../../src/contract/names.ts'
import type { CardChange, NetworkSummary } from '../../src/contract/network.ts'
import { displayName } from '../format.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import styles from './network-dialog.module.css'

/** Who is on which private network, and who has a way out: one box a card. Networks are made and deleted here too. */
export function NetworksPanel() {
  const session = useSession()
  const networks = useWindow((state) => state.network?.networks) ?? []
  const uplinks = useWindow((state) => state.network?.uplinks) ?? []
  const guests = useWindow((state) => state.guests)
  const order = useWindow((state) => state.order)
  const told = (change: CardChange | null, name: GuestName) => {
    if (change?.applies === 'next-start') session.notify({ level: 'info', text: `The running machine of ${name} has no slot for a further card; the change takes effect at its next start.`, next: `Stop ${name} and start it again when it suits.` })
  }
  const connect = async (guest: GuestName, { name: network }: NetworkSummary, on: boolean) =>
    told(await session.ask(`change the networks of ${guest}`, (client) => (on ? client.network.connect({ guest, network }) : client.network.disconnect({ guest, network }))), guest)
  const uplink = async (guest: GuestName, on: boolean) => told(await session.ask(`change the uplink of ${guest}`, (client) => client.network.setUplink({ guest, on })), guest)
  return (
    <>
      <p className={styles.quiet}>Each network is apart from all others. Guests on the same one find each other by name.</p>
      <div className={styles.scroll}>
        <table className={styles.networks} data-testid="networks">
          <thead>
            <tr>
              <th scope="col">Guest</th>
              {networks.map((network) => (
                <th scope="col" key={network.name}>
                  {network.name}
                  <span className={styles.subnet}>{network.subnet}</span>
                  {network.guests.length === 0 && network.name !== 'stage' && (
                    <Button variant="link" onClick={() => void session.ask(`delete the network ${network.name}`, (client) => client.network.delete({ name: network.name }))}>
                      Delete
                    </Button>
                  )}
                </th>
              ))}
              <th scope="col">
                Internet
                <span className={styles.subnet}>and this computer</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {order.map((name) => {
              const view = guests[name]?.view
              const title = view === undefined ? name : displayName(view)
              return (
                <tr key={name}>
                  <th scope="row">{title}</th>
                  {networks.map((network) => (
                    <td key={network.name}>
                      <Card label={`${title} on ${network.name}`} on={network.guests.some((each) => each.guest === name)} words={network.guests.find((each) => each.guest === name)?.ipv4 ?? null} onChange={(on) => void connect(name, network, on)} />
                    </td>
                  ))}
                  <td>
                    <Card label={`${title} on the internet`} on={uplinks.includes(name)} words={null} onChange={(on) => void uplink(name, on)} />
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
      <NewNetwork />
    </>
  )
}

interface CardProps {
  readonly label: string
  readonly on: boolean
  readonly words: string | null
  readonly onChange: (on: boolean) => void
}

function Card({ label, on, words, onChange }: CardProps) {
  return (
    <label className={styles.card}>
      <input type="checkbox" aria-label={label} checked={on} onChange={(event) => onChange(event.target.checked)} />
      {words}
    </label>
  )
}

function NewNetwork() {
  const session = useSession()
  const id = useId()
  const [text, setText] = useState('')
  const name = NetworkName.safeParse(text)
  const against = text === '' ? 'Give it a name first.' : name.success ? null : 'Letters, digits and inner hyphens, beginning with a letter, at most 15.'
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (!name.success) return
    const made = await session.ask(`make the network ${name.data}`, (client) => client.network.create({ name: name.data }))
    if (made !== null) setText('')
  }
  return (
    <form className={styles.below} onSubmit={(event) => void submit(event)}>
      <label htmlFor={id}>New network</label>
      <input id={id} className={styles.filter} value={text} maxLength={15} placeholder="lab" onChange={(event) => setText(event.target.value)} />
      <Button type="submit" disabledReason={against}>
        Make
      </Button>
    </form>
  )
}
