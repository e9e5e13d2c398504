import { useEffect, useState } from 'react'
import type { GuestName } from '../../src/contract/names.ts'
import type { WebCell, WebMatrix, WebProbe } from '../../src/contract/web.ts'
import { clockTime, displayName } from '../format.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { EvidencePanel } from './evidence-panel.tsx'
import styles from './network-dialog.module.css'

/** Who can open whose page: rows ask, columns answer. Asked gently while this is shown; a cell's evidence on click. */
export function WebMatrixPanel() {
  const session = useSession()
  const live = useWindow((state) => state.link.phase === 'live')
  const guests = useWindow((state) => state.guests)
  const [matrix, setMatrix] = useState<WebMatrix | null>(null)
  const [chosen, setChosen] = useState<{ from: GuestName; to: GuestName } | null>(null)
  useEffect(() => {
    if (!live) return
    const stop = new AbortController()
    void session.ask('watch who opens whose page', async (client) => {
      try {
        for await (const next of await client.web.watch({}, { signal: stop.signal })) setMatrix(next)
      } catch (error) {
        if (!stop.signal.aborted) throw error
      }
    })
    return () => stop.abort()
  }, [session, live])
  const checkNow = async () => {
    const fresh = await session.ask('ask for every page', (client) => client.web.matrix({}))
    if (fresh !== null) setMatrix(fresh)
  }
  if (matrix === null) return <p className={styles.quiet}>Asking each guest for the pages of the others…</p>
  const titleOf = (name: GuestName) => {
    const view = guests[name]?.view
    return view === undefined ? (matrix.parties.find((party) => party.name === name)?.title ?? name) : displayName(view)
  }
  return (
    <>
      <div className={styles.scroll}>
        <table className={styles.matrix}>
          <caption className="visually-hidden">Rows open the pages of columns</caption>
          <thead>
            <tr>
              <th scope="col">opens ↓ page of →</th>
              {matrix.parties.map((party) => (
                <th key={party.name} scope="col">
                  {titleOf(party.name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {matrix.parties.map((from) => (
              <tr key={from.name}>
                <th scope="row">{titleOf(from.name)}</th>
                {matrix.parties.map((to) => {
                  const cell = matrix.cells.find((each) => each.from === from.name && each.to === to.name)
                  return (
                    <td key={to.name}>
                      {cell !== undefined && (
                        <Cell
                          cell={cell}
                          label={`${titleOf(from.name)} opens the page of ${titleOf(to.name)}`}
                          chosen={chosen?.from === from.name && chosen.to === to.name}
                          onChoose={() => setChosen({ from: from.name, to: to.name })}
                        />
                      )}
                    </td>
                  )
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className={styles.below}>
        <span className={styles.quiet}>Asked again every {Math.round(matrix.intervalMs / 1_000)} s while this is open.</span>
        <Button onClick={() => void checkNow()}>Check now</Button>
      </div>
      {chosen !== null && <EvidencePanel key={`${chosen.from} ${chosen.to}`} from={chosen.from} to={chosen.to} title={`${titleOf(chosen.from)} → ${titleOf(chosen.to)}`} />}
    </>
  )
}

interface CellProps {
  readonly cell: WebCell
  readonly label: string
  readonly chosen: boolean
  readonly onChoose: () => void
}

function Cell({ cell, label, chosen, onChoose }: CellProps) {
  const { probe, checking } = cell
  if (probe === null) return <span className={styles.off}>{checking ? 'asking…' : 'not running'}</span>
  const good = probe.status >= 200 && probe.status < 400
  const outcome = probe.status === 0 ? 'No answer' : String(probe.status)
  return (
    <button type="button" className={styles.cell} data-good={good} data-checking={checking} aria-pressed={chosen} aria-label={`${label}: ${outcome}, ${Math.round(probe.milliseconds)} ms. Show the evidence`} title={`${clockTime(probe.at)}: ${probe.error ?? probe.title ?? 'no title'}`} onClick={onChoose}>
      <span className={styles.outcome}>
        {outcome}
        {probe.status !== 0 && <span className={styles.took}> {Math.round(probe.milliseconds)} ms</span>}
      </span>
      <span className={styles.page}>{probe.error ?? probe.title ?? '–'}</span>
      <span className={styles.source}>{evidenceWords(probe)}</span>
    </button>
  )
}

/** How a probe is known. */
function evidenceWords(probe: WebProbe): string {
  if (probe.evidence === 'wire') return 'seen on the wire'
  return probe.evidence === 'host' ? 'by this computer' : `inside, by ${probe.method ?? 'its agent'}`
}
