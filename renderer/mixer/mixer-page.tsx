import { Download } from 'lucide-react'
import { useState } from 'react'
import type { HistorySpan } from '../../src/contract/host.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { displayName } from '../format.ts'
import { useStageOrder } from '../stage/use-stage-order.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { SelectField } from '../ui/field.tsx'
import { saveFile } from '../ui/save-file.ts'
import { BudgetBar } from './budget-bar.tsx'
import { ChannelStrip } from './channel-strip.tsx'
import { Crossfader } from './crossfader.tsx'
import styles from './mixer-page.module.css'
import { useHistory } from './use-history.ts'

const spans: readonly { readonly value: HistorySpan; readonly label: string }[] = [
  { value: 'minute', label: '60 s' },
  { value: 'quarter-hour', label: '15 min' },
  { value: 'session', label: 'Session' },
]

/** Every slider of every guest on the stage, what the computer has to give, and what became of it over time. */
export function MixerPage() {
  const session = useSession()
  const order = useStageOrder()
  const [span, setSpan] = useState<HistorySpan>('minute')
  const history = useHistory(session, span)
  const save = async () => {
    const file = await session.ask('export the load', (client) => client.host.exportHistory({ span }))
    if (file === null) return
    const address = URL.createObjectURL(new Blob([file.csv], { type: 'text/csv' }))
    saveFile(address, file.fileName)
    URL.revokeObjectURL(address)
  }
  return (
    <main className={styles.page} data-testid="mixer-page" aria-label="Mixer">
      <BudgetBar />
      {order.length >= 2 && <CrossfaderBetween order={order} />}
      <div className={styles.tools}>
        <div role="toolbar" aria-label="Time shown" className={styles.spans}>
          {spans.map(({ value, label }) => (
            <Button key={value} aria-pressed={value === span} onClick={() => setSpan(value)}>
              {label}
            </Button>
          ))}
        </div>
        <Button onClick={() => void save()}>
          <Download aria-hidden />
          Export CSV
        </Button>
      </div>
      {order.length === 0 ? (
        <p className={styles.empty}>There is no guest on the stage.</p>
      ) : (
        <div className={styles.channels}>
          {order.map((name) => (
            <ChannelStrip key={name} name={name} history={history} />
          ))}
        </div>
      )}
    </main>
  )
}

/** The crossfader, and with more than two guests the choice between which two. */
function CrossfaderBetween({ order }: { readonly order: readonly GuestName[] }) {
  const guests = useWindow((state) => state.guests)
  const [chosen, setChosen] = useState<{ left: GuestName | null; right: GuestName | null }>({ left: null, right: null })
  const left = order.find((name) => name === chosen.left) ?? order[0]
  const right = order.find((name) => name === chosen.right && name !== left) ?? order.find((name) => name !== left)
  if (left === undefined || right === undefined) return null
  const options = (other: GuestName) => order.filter((name) => name !== other).map((name) => ({ value: name as string, label: titleOf(name) }))
  const titleOf = (name: GuestName) => {
    const view = guests[name]?.view
    return view === undefined ? name : displayName(view)
  }
  const pick = (side: 'left' | 'right') => (value: string) => setChosen((before) => ({ ...before, [side]: order.find((name) => name === value) ?? null }))
  return (
    <div className={styles.between}>
      {order.length > 2 && <SelectField label="From" value={left as string} options={options(right)} onChoose={pick('left')} />}
      <Crossfader key={`${left} ${right}`} left={left} right={right} />
      {order.length > 2 && <SelectField label="To" value={right as string} options={options(left)} onChoose={pick('right')} />}
    </div>
  )
}
