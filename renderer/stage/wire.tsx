import { Switch } from '@base-ui/react/switch'
import { useEffect, useRef, useState } from 'react'
import type { GuestName } from '../../src/contract/names.ts'
import type { HttpLine } from '../../src/contract/network.ts'
import { reasonAgainst } from '../command/reason.ts'
import { ageWords, bitRate, displayName, outcomeWords } from '../format.ts'
import { LinkPopover } from '../network/link-popover.tsx'
import { useSession, useWindow } from '../store/context.ts'
import type { WindowState } from '../store/state.ts'
import styles from './wire.module.css'

/** The private network between the guests: one plug each, what passes, and the last page asked for. */
export function Wire({ guests, shares }: { readonly guests: readonly GuestName[]; readonly shares: readonly number[] }) {
  const session = useSession()
  const down = useWindow((state) => state.network !== null && !state.network.running)
  const downReason = useWindow((state) => state.network?.reason ?? null)
  const last = useWindow((state) => state.requests.at(-1))
  return (
    <section className={styles.wire} aria-label="Network between the guests" data-count={guests.length}>
      {guests.map((name, index) => (
        <Plug key={name} name={name} share={shares[index] ?? 1} place={index === 0 ? 'first' : index === guests.length - 1 ? 'last' : 'middle'} />
      ))}
      <button type="button" className={styles.last} data-testid="wire-last-request" data-down={down} aria-haspopup="dialog" title="Who opens whose page, requests, capture" onClick={() => session.open({ kind: 'network' })}>
        {down ? (
          `The switch is off: ${downReason ?? 'it starts with the first guest'}`
        ) : last === undefined ? (
          'No page asked for yet'
        ) : (
          <LastRequest line={last} />
        )}
      </button>
    </section>
  )
}

/** The last page asked for; grey, and since when, once nothing has followed it for a while. */
function LastRequest({ line }: { readonly line: HttpLine }) {
  const [age, setAge] = useState<string | null>(null)
  useEffect(() => {
    const tick = () => setAge(ageWords(Date.now() - Date.parse(line.at)))
    tick()
    const timer = setInterval(tick, 2_000)
    return () => clearInterval(timer)
  }, [line.at])
  return (
    <>
      <span className={styles.who}>{line.from}</span> <span>→</span> <span className={styles.who}>{line.to}</span>{' '}
      <span className={styles.outcome} data-old={age !== null}>
        {outcomeWords(line)}
        {age === null ? '' : `, ${age}`}
      </span>
    </>
  )
}

function Plug({ name, share, place }: { readonly name: GuestName; readonly share: number; readonly place: 'first' | 'middle' | 'last' }) {
  const session = useSession()
  const view = useWindow((state) => state.guests[name]?.view)
  const connected = useWindow((state) => portOf(state, name)?.connected === true)
  const heard = useWindow((state) => state.link.phase === 'live')
  if (view === undefined) return null
  const status = !heard ? 'off' : !view.network.linkUp ? 'cut' : connected ? 'up' : 'off'
  const title = displayName(view)
  const against = reasonAgainst(view.actions.set)
  return (
    <div className={styles.plug} data-place={place} data-status={status} data-accent={view.kind} data-testid={`link-${name}`} style={{ flexGrow: share }}>
      <span className={styles.drop} aria-hidden />
      <span className={styles.lane} aria-hidden>
        <Flow className={styles.out} name={name} of="txBitsPerSecond" up={status === 'up'} forwards={place !== 'last'} />
        <Flow className={styles.in} name={name} of="rxBitsPerSecond" up={status === 'up'} forwards={place === 'last'} />
      </span>
      <div className={styles.control}>
        <div className={styles.handles}>
          <label className={styles.label} title={against ?? undefined}>
            <Switch.Root
              className={styles.switch}
              checked={view.network.linkUp}
              disabled={against !== null}
              aria-label={`Network link of ${title}`}
              onCheckedChange={(linkUp) =>
                void session.askGuest(`change the link of ${name}`, (client) => client.guest.set({ name, change: { linkUp } }))
              }
            >
              <Switch.Thumb className={styles.thumb} />
            </Switch.Root>
            <span className={styles.status}>{statusWords[heard ? status : 'unheard']}</span>
          </label>
          <LinkPopover view={view} />
        </div>
        <span className={styles.rates}>
          <span>
            <span className="visually-hidden">sends</span>
            <span aria-hidden>↑</span> <Rate name={name} of="txBitsPerSecond" />
          </span>
          <span>
            <span className="visually-hidden">receives</span>
            <span aria-hidden>↓</span> <Rate name={name} of="rxBitsPerSecond" />
          </span>
        </span>
      </div>
    </div>
  )
}

type Direction = 'txBitsPerSecond' | 'rxBitsPerSecond'

interface RateOf {
  readonly name: GuestName
  readonly of: Direction
}

/** Drawn again only when the words change; everything around it stays. */
function Rate({ name, of }: RateOf) {
  return useWindow((state) => bitRate(state.link.phase === 'live' ? (portOf(state, name)?.[of] ?? 0) : 0))
}

function portOf({ network }: WindowState, name: GuestName) {
  return network?.ports.find((candidate) => candidate.guest === name)
}

const statusWords = { up: 'Link up', cut: 'Link cut', off: 'Not connected', unheard: 'Not heard from' } as const

/** Speed of the flow for a rate: still at nothing, then a factor of two for every factor of ten from 1 kbit/s. */
function paceFor(bitsPerSecond: number): number {
  return bitsPerSecond < 1 ? 0 : 0.25 * 2 ** Math.max(0, Math.log10(bitsPerSecond / 1e3))
}

const reducedMotion = '(prefers-reduced-motion: reduce)'

/** Dashes that move as fast as data does; a still line where motion is unwanted. */
function Flow({ className, name, of, up, forwards }: RateOf & { readonly className: string | undefined; readonly up: boolean; readonly forwards: boolean }) {
  const rate = useWindow((state) => (up ? (portOf(state, name)?.[of] ?? 0) : 0))
  const strip = useRef<HTMLSpanElement>(null)
  const animation = useRef<Animation | null>(null)
  useEffect(() => {
    const element = strip.current
    if (element === null || matchMedia(reducedMotion).matches) return
    const frames = [{ transform: 'translateX(-24px)' }, { transform: 'translateX(0)' }]
    const made = element.animate(forwards ? frames : frames.toReversed(), { duration: 1_600, iterations: Number.POSITIVE_INFINITY })
    made.pause()
    animation.current = made
    return () => made.cancel()
  }, [forwards])
  useEffect(() => {
    const running = animation.current
    const pace = paceFor(rate)
    if (running === null) return
    if (pace === 0) running.pause()
    else {
      running.updatePlaybackRate(pace)
      if (running.playState !== 'running') running.play()
    }
  }, [rate])
  return (
    <span className={`${styles.flow} ${className ?? ''}`} data-moving={rate >= 1}>
      <span ref={strip} className={styles.dashes} />
    </span>
  )
}
