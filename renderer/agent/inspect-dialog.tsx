import { RefreshCw } from 'lucide-react'
import type { ReactNode } from 'react'
import type { GuestInspection } from '../../src/contract/guest-agent.ts'
import type { AgentState, GuestView } from '../../src/contract/guest.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { byteCount, clockTime, displayName, systemWords } from '../format.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { Modal } from '../ui/modal.tsx'
import { AgentAbsent } from './agent-absent.tsx'
import styles from './agent.module.css'
import { useInspection } from './use-inspection.ts'

const agentWords: Readonly<Record<AgentState, string>> = { live: 'Answers', silent: 'Answered before, not now', absent: 'Not seen in this run' }

/** What a guest says of its inside: system, addresses, users, file systems; without an agent, how to get one. */
export function InspectDialog({ guest, onClose }: { readonly guest: GuestName; readonly onClose: () => void }) {
  const session = useSession()
  const view = useWindow((state) => state.guests[guest]?.view)
  if (view === undefined) return null
  return (
    <Modal
      title={`Inside ${displayName(view)}`}
      width="wide"
      onClose={onClose}
      testId="inspect"
      actions={
        <>
          <Button onClick={() => session.open({ kind: 'copy-in', guest, files: [] })}>Copy files into it…</Button>
          <Button onClick={() => session.open({ kind: 'copy-out', guest })}>Copy a file out of it…</Button>
          <Button onClick={onClose}>Close</Button>
        </>
      }
    >
      <Inside view={view} />
    </Modal>
  )
}

function Inside({ view }: { readonly view: GuestView }) {
  const { told, problem, asking, again } = useInspection(view)
  const known = view.agent === 'live' ? told : null
  const system = known?.os ?? view.os
  return (
    <div className={styles.inside}>
      <AgentAbsent view={view} />
      {problem !== null && view.agent === 'live' && (
        <p className={styles.problem} role="alert">
          {problem}
        </p>
      )}
      <dl className={styles.facts}>
        <Fact name="Agent">
          {agentWords[view.agent]}
          {view.agent === 'live' && (
            <Button variant="icon" hint="Ask the guest again" disabledReason={asking ? 'The guest is being asked.' : null} onClick={again}>
              <RefreshCw aria-hidden />
            </Button>
          )}
        </Fact>
        <Fact name="System">
          {systemWords(system)}
          {system === view.os && view.os.source === 'definition' && <span className={styles.quiet}>by its definition</span>}
        </Fact>
        <Fact name="Kernel">{known?.os?.kernel ?? unknown(known, asking)}</Fact>
        <Fact name="Host name">{known?.hostName ?? view.os.hostName ?? unknown(known, asking)}</Fact>
      </dl>
      <Addresses addresses={known?.addresses ?? null} network={view.network} />
      {known !== null && (
        <>
          <Users users={known.users} />
          <FileSystems fileSystems={known.fileSystems} />
        </>
      )}
      {known === null && asking && (
        <p role="status" className={styles.quiet}>
          Asking the guest…
        </p>
      )}
    </div>
  )
}

function unknown(told: GuestInspection | null, asking: boolean): string {
  return told !== null ? 'The agent does not tell' : asking ? 'Asking…' : 'Only its agent knows'
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Part({ title, silent, empty, children }: { readonly title: string; readonly silent: boolean; readonly empty: string | null; readonly children: ReactNode }) {
  return (
    <section className={styles.part} aria-label={title}>
      <h3>{title}</h3>
      {silent ? <p className={styles.quiet}>The agent does not tell.</p> : empty !== null ? <p className={styles.quiet}>{empty}</p> : children}
    </section>
  )
}

/** What a guest's agent gives for its loopback, which is no card. */
const loopback = '00:00:00:00:00:00'

/** The guest's own list; without it, what the private network gave it. */
function Addresses({ addresses, network }: { readonly addresses: GuestInspection['addresses']; readonly network: { readonly mac: string; readonly ipv4: string | null; readonly ipv6: string | null } }) {
  const own = addresses?.filter(({ mac }) => mac !== loopback) ?? [{ mac: network.mac, ipv4: network.ipv4 === null ? [] : [network.ipv4], ipv6: network.ipv6 === null ? [] : [network.ipv6] }]
  return (
    <Part title={addresses === null ? 'Addresses, by the private network' : 'Addresses'} silent={false} empty={own.length === 0 ? 'It has no network card.' : null}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Card</th>
            <th scope="col">IPv4</th>
            <th scope="col">IPv6</th>
          </tr>
        </thead>
        <tbody>
          {own.map(({ mac, ipv4, ipv6 }) => (
            <tr key={mac}>
              <td className={styles.code}>{mac}</td>
              <td className={styles.code}>{ipv4.length === 0 ? '–' : ipv4.join(', ')}</td>
              <td className={styles.code}>{ipv6.length === 0 ? '–' : ipv6.join(', ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Part>
  )
}

function Users({ users }: { readonly users: GuestInspection['users'] }) {
  return (
    <Part title="Logged in" silent={users === null} empty={users?.length === 0 ? 'Nobody, as the guest counts.' : null}>
      <ul className={styles.users}>
        {users?.map(({ name, domain, since }) => (
          <li key={`${domain ?? ''} ${name} ${since ?? ''}`}>
            <strong>{domain === null ? name : `${domain}\\${name}`}</strong>
            {since !== null && <span className={styles.quiet}>{`since ${new Date(since).toLocaleDateString()} ${clockTime(since)}`}</span>}
          </li>
        ))}
      </ul>
    </Part>
  )
}

function FileSystems({ fileSystems }: { readonly fileSystems: GuestInspection['fileSystems'] }) {
  return (
    <Part title="File systems" silent={fileSystems === null} empty={fileSystems?.length === 0 ? 'None on a disk.' : null}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Mounted at</th>
            <th scope="col">Type, device</th>
            <th scope="col">Room</th>
          </tr>
        </thead>
        <tbody>
          {fileSystems?.map(({ mountPoint, type, device, totalBytes, freeBytes }) => (
            <tr key={mountPoint}>
              <td className={styles.code}>{mountPoint}</td>
              <td>
                {type} <span className={styles.quiet}>{device}</span>
              </td>
              <td>
                {freeBytes === null || totalBytes === null ? (
                  'not told'
                ) : (
                  <span className={styles.free}>
                    <span className={styles.gauge} data-full={freeBytes < totalBytes / 10} aria-hidden>
                      <span style={{ width: `${Math.round((1 - freeBytes / Math.max(1, totalBytes)) * 100)}%` }} />
                    </span>
                    {`${byteCount(freeBytes)} free of ${byteCount(totalBytes)}`}
                  </span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Part>
  )
}
