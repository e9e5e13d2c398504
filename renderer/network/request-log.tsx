import { useEffect, useMemo, useState } from 'react'
import type { HttpLine } from '../../src/contract/network.ts'
import { clockTime, outcomeWords } from '../format.ts'
import { useSession, useWindow } from '../store/context.ts'
import styles from './network-dialog.module.css'
import { useStatistics } from './use-statistics.ts'

/** Lines shown at most; the filter looks through all that are known. */
const shown = 200

/** The HTTP requests that passed on the wire, newest first, narrowed by any words of them. */
export function RequestLog() {
  const session = useSession()
  const fresh = useWindow((state) => state.requests)
  const [older, setOlder] = useState<readonly HttpLine[]>([])
  const [filter, setFilter] = useState('')
  const unread = useStatistics()?.httpSampledOut ?? 0
  useEffect(() => {
    void session.ask('read the requests', (client) => client.network.requests({ limit: 1_000 })).then((lines) => setOlder(lines ?? []))
  }, [session])
  const lines = useMemo(() => narrowed([...older, ...fresh], filter), [older, fresh, filter])
  return (
    <>
      <input className={styles.filter} type="search" aria-label="Filter the requests" placeholder="Filter: linux 404 /health" value={filter} onChange={(event) => setFilter(event.target.value)} />
      {/* Scrolls by keyboard too. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={styles.scroll} data-tall tabIndex={0} role="region" aria-label="Requests, newest first">
        {lines.length === 0 ? (
          <p className={styles.quiet}>{filter === '' ? 'No page has been asked for yet.' : 'No request matches.'}</p>
        ) : (
          <table className={styles.requests}>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">From</th>
                <th scope="col">To</th>
                <th scope="col">Request</th>
                <th scope="col">Bytes</th>
              </tr>
            </thead>
            <tbody>
              {lines.slice(0, shown).map((line) => (
                <tr key={line.sequence} data-bad={line.status === null || line.status >= 400}>
                  <td>{clockTime(line.at)}</td>
                  <td>{line.from}</td>
                  <td>{line.to}</td>
                  <td className={styles.request}>{outcomeWords(line)}</td>
                  <td>{line.bytes ?? '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
      <p className={styles.quiet} role="status">
        {countWords(lines.length, unread)}
      </p>
    </>
  )
}

/** How many lines there are and are shown. `unread`: TCP segments the switch has not read because traffic was heavy. */
export function countWords(lines: number, unread: number): string {
  const known = lines > shown ? `The newest ${shown} of ${lines}` : `${lines} ${lines === 1 ? 'request' : 'requests'}`
  if (unread === 0) return known
  return `${known}. Requests may be missing: under heavy traffic ${unread} ${unread === 1 ? 'packet was' : 'packets were'} passed on unread.`
}

/** Each line once, newest first, of those that hold every word of the filter. */
export function narrowed(lines: readonly HttpLine[], filter: string): HttpLine[] {
  const words = filter.toLowerCase().split(/\s+/).filter((word) => word !== '')
  const once = [...new Map(lines.map((line) => [line.sequence, line])).values()].sort((left, right) => right.sequence - left.sequence)
  return once.filter((line) => {
    const text = `${line.from} ${line.to} ${line.method} ${line.host ?? ''} ${line.path} ${line.status ?? ''}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
}
