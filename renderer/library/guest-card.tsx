import { EllipsisVertical, MonitorOff, MonitorPlay, Pause, Play, Power } from 'lucide-react'
import { isOff } from '../../src/contract/guest.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { type Command, guestCommands } from '../command/commands.ts'
import { capital, displayName, memory, stateWords, systemWords } from '../format.ts'
import { stageOrder } from '../stage/use-stage-order.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { Divider, IconMenu, Item } from '../ui/menu.tsx'
import { OsMark } from '../ui/os-mark.tsx'
import { StateMark } from '../ui/state-mark.tsx'
import styles from './card.module.css'
import { TaskProgress } from './task-progress.tsx'
import { useThumbnail } from './use-thumbnail.ts'

/** Menu entries of a card, group by group. */
const groups: readonly (readonly string[])[] = [
  ['start', 'start-cold', 'pause', 'resume', 'stop', 'restart', 'suspend', 'reset', 'force-stop'],
  ['snapshots', 'clone', 'make-template', 'flatten', 'export', 'policies', 'edit'],
  ['inspect', 'copy-in', 'copy-out'],
  ['logs', 'delete'],
]

/** One guest in the library: its last picture, how it is, and what can be done with it. */
export function GuestCard({ name }: { readonly name: GuestName }) {
  const session = useSession()
  const view = useWindow((state) => state.guests[name]?.view)
  const task = useWindow((state) => state.tasks.find((candidate) => candidate.guest === name && candidate.status === 'running'))
  const onStage = useWindow((state) => stageOrder(state).includes(name))
  const { picture, place } = useThumbnail(name, view?.screen.available ?? false, view?.state === 'running')
  if (view === undefined) return null

  const title = displayName(view)
  const on = !isOff(view.state)
  const commands = new Map(guestCommands(session, view, 99).map((command) => [command.id.split(':')[0] ?? '', command]))
  const show = () => {
    session.change({ onStage: { ...session.store.getState().settings.onStage, [name]: true } })
    session.store.setState({ place: 'stage' })
  }
  return (
    <li className={styles.card} data-testid={`card-${name}`} data-accent={view.kind} data-state={view.state} aria-label={title}>
      <div ref={place} className={styles.picture} data-dim={!on}>
        {picture === undefined ? <OsMark kind={view.kind} /> : <img src={picture} alt={on ? `Screen of ${title}` : `Last screen of ${title}`} />}
      </div>
      <div className={styles.words}>
        <h3 className={styles.title} title={title}>
          {title}
        </h3>
        <p className={styles.facts}>
          <StateMark view={view} />
          {capital(stateWords(view))}
          {on && view.network.ipv4 !== null && <span className={styles.address}>{view.network.ipv4}</span>}
        </p>
        <p className={styles.quiet}>{view.state === 'failed' && view.detail !== null ? view.detail : `${systemWords(view.os)}, ${view.vcpus} vCPU${view.vcpus === 1 ? '' : 's'}, ${memory(view.controls.memory.requested ?? view.controls.memory.maximum)}`}</p>
      </div>
      {task === undefined ? (
        <div className={styles.actions} role="toolbar" aria-label={`Actions for ${title}`}>
          {!on && <Labelled command={commands.get('start')} label={view.state === 'suspended' ? 'Resume' : 'Start'} icon={<Play aria-hidden />} />}
          {view.state === 'paused' && <Labelled command={commands.get('resume')} label="Resume" icon={<Play aria-hidden />} />}
          {on && view.state !== 'paused' && <Labelled command={commands.get('pause')} label="Pause" icon={<Pause aria-hidden />} />}
          {on && <Labelled command={commands.get('stop')} label="Stop" icon={<Power aria-hidden />} />}
          <span className={styles.space} />
          {onStage ? (
            <Button variant="icon" hint={`Take ${title} off the stage`} onClick={() => session.change({ onStage: { ...session.store.getState().settings.onStage, [name]: false } })}>
              <MonitorOff aria-hidden />
            </Button>
          ) : (
            <Button variant="icon" hint={`Show ${title} on the stage`} onClick={show}>
              <MonitorPlay aria-hidden />
            </Button>
          )}
          <IconMenu hint={`More for ${title}`} icon={<EllipsisVertical aria-hidden />} testId={`card-more-${name}`}>
            {groups.flatMap((ids, index) => [
              index > 0 && <Divider key={`divider-${ids[0]}`} />,
              ...ids.map((id) => <Entry key={id} command={commands.get(id)} />),
            ])}
          </IconMenu>
        </div>
      ) : (
        <TaskProgress task={task} />
      )}
    </li>
  )
}

function Labelled({ command, label, icon }: { readonly command: Command | undefined; readonly label: string; readonly icon: React.ReactElement }) {
  if (command === undefined) return null
  return (
    <Button disabledReason={command.disabledReason} onClick={command.run}>
      {icon}
      {label}
    </Button>
  )
}

function Entry({ command }: { readonly command: Command | undefined }) {
  if (command === undefined) return null
  return <Item label={command.title} disabledReason={command.disabledReason} onChoose={command.run} />
}
