import { Popover } from '@base-ui/react/popover'
import { SlidersHorizontal } from 'lucide-react'
import { useId, useState } from 'react'
import type { GuestView } from '../../src/contract/guest.ts'
import type { LinkPreset, LinkShapeChange } from '../../src/contract/link.ts'
import { reasonAgainst } from '../command/reason.ts'
import { displayName } from '../format.ts'
import { useSession } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { type ConditionScale, conditionScales, isSymmetric, shapeWords, stopOf } from './conditions.ts'
import { GuestNetworks } from './guest-networks.tsx'
import styles from './link-popover.module.css'
import { CaptureButton, PublishRow } from './port-actions.tsx'
import { Totals } from './totals.tsx'

/** A plug's button: what the link does, and everything to change it, publish the guest's page and capture its traffic. */
export function LinkPopover({ view }: { readonly view: GuestView }) {
  const session = useSession()
  const [presets, setPresets] = useState<readonly LinkPreset[]>([])
  const { link, linkUp } = view.network
  const known = presets.find((preset) => preset.name === link.preset)
  const words = linkUp ? shapeWords(link.effective) : null
  const load = async () => setPresets((await session.ask('list the link presets', (client) => client.network.presets())) ?? [])
  return (
    <Popover.Root onOpenChange={(open) => void (open && load())}>
      <Button variant="icon" hint={`Shape the link of ${displayName(view)}`} as={<Popover.Trigger />} data-testid={`shape-${view.name}`} className={styles.trigger} data-shaped={words !== null}>
        <SlidersHorizontal aria-hidden />
        {words !== null && <span className={styles.words}>{known === undefined || known.name === 'unshaped' ? words : known.title}</span>}
      </Button>
      <Popover.Portal>
        <Popover.Positioner className={styles.positioner} side="top" sideOffset={8} collisionPadding={8}>
          <Popover.Popup className={styles.popup} data-accent={view.kind} data-testid={`link-panel-${view.name}`}>
            <Popover.Title className={styles.title}>Link of {displayName(view)}</Popover.Title>
            <Conditions view={view} presets={presets} />
            <GuestNetworks guest={view.name} />
            <Totals guest={view.name} />
            <PublishRow view={view} />
            <CaptureButton guest={view.name} />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  )
}

function Conditions({ view, presets }: { readonly view: GuestView; readonly presets: readonly LinkPreset[] }) {
  const session = useSession()
  const { requested, preset } = view.network.link
  const [wantedApart, setWantedApart] = useState(false)
  const asymmetric = !isSymmetric(requested)
  const apart = wantedApart || asymmetric
  const against = reasonAgainst(view.actions.set)
  const id = useId()
  const change = (link: LinkShapeChange) => void session.askGuest(`shape the link of ${view.name}`, (client) => client.guest.set({ name: view.name, change: { link } }))
  return (
    <>
      <div className={styles.row}>
        <label htmlFor={`${id}-preset`}>Preset</label>
        <select id={`${id}-preset`} className={styles.select} value={preset ?? ''} disabled={against !== null} title={against ?? undefined} onChange={(event) => change({ preset: event.target.value })}>
          {preset === null && (
            <option value="" disabled>
              Own settings
            </option>
          )}
          {presets.map((each) => (
            <option key={each.name} value={each.name}>
              {each.title}
            </option>
          ))}
        </select>
      </div>
      <label className={styles.check}>
        <input
          type="checkbox"
          checked={apart}
          disabled={against !== null}
          onChange={(event) => {
            setWantedApart(event.target.checked)
            if (!event.target.checked && asymmetric) change({ rx: requested.tx })
          }}
        />
        Each direction by itself
      </label>
      <div className={styles.directions} data-apart={apart}>
        {(apart ? (['tx', 'rx'] as const) : (['both'] as const)).map((direction) => (
          <fieldset key={direction} className={styles.direction} disabled={against !== null}>
            <legend className={apart ? styles.legend : 'visually-hidden'}>{directionWords[direction]}</legend>
            {conditionScales.map((scale) => (
              <ConditionSlider
                key={scale.name}
                scale={scale}
                label={apart ? `${scale.title}, ${directionWords[direction].toLowerCase()}` : scale.title}
                value={requested[direction === 'rx' ? 'rx' : 'tx'][scale.name]}
                onChange={(value) => change({ [direction]: { [scale.name]: value } })}
              />
            ))}
          </fieldset>
        ))}
      </div>
    </>
  )
}

const directionWords = { both: 'Both directions', tx: 'Sends', rx: 'Receives' } as const

interface ConditionSliderProps {
  readonly scale: ConditionScale
  readonly label: string
  readonly value: number | null
  readonly onChange: (value: number | null) => void
}

function ConditionSlider({ scale, label, value, onChange }: ConditionSliderProps) {
  const id = useId()
  return (
    <div className={styles.slider}>
      <label htmlFor={id}>{scale.title}</label>
      <output htmlFor={id}>{scale.spell(value)}</output>
      <input
        id={id}
        type="range"
        aria-label={label}
        aria-valuetext={scale.spell(value)}
        min={0}
        max={scale.stops.length - 1}
        step={1}
        value={stopOf(scale, value)}
        onChange={(event) => onChange(scale.stops[Number(event.target.value)] ?? null)}
      />
    </div>
  )
}
