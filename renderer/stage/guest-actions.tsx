import { EllipsisVertical, Keyboard, Maximize, Minimize, Monitor, Pause, Play, Power } from 'lucide-react'
import { type GuestView, isOff } from '../../src/contract/guest.ts'
import { type Command, guestCommands } from '../command/commands.ts'
import { leaveFullScreen } from '../command/guest-controls.ts'
import { clipboardChoices, displayName } from '../format.ts'
import type { ScaleMode } from '../screen/viewer.ts'
import { useSession, useWindow } from '../store/context.ts'
import { applyUpdate } from '../store/reduce.ts'
import { Button } from '../ui/button.tsx'
import { Choice, Divider, IconMenu, Item } from '../ui/menu.tsx'
import styles from './guest-actions.module.css'

const scales: readonly { value: ScaleMode; label: string }[] = [
  { value: 'fit', label: 'Fit to the frame' },
  { value: 'one-to-one', label: 'One to one' },
  { value: 'resize', label: 'Resize the guest to the frame' },
]

/** The quick actions of one guest: power and pause at hand, keys, view and the rest in menus. */
export function GuestActions({ view, index }: { readonly view: GuestView; readonly index: number }) {
  const session = useSession()
  const scale = useWindow((state) => state.settings.scale[view.name] ?? 'fit')
  const solo = useWindow((state) => state.solo === view.name)
  const alone = useWindow((state) => state.only !== null)
  const commands = new Map(guestCommands(session, view, index).map((command) => [command.id.split(':')[0] ?? '', command]))
  const title = displayName(view)
  const on = !isOff(view.state)
  const presses = [...commands].filter(([id]) => id.startsWith('press-')).map(([, command]) => command)

  return (
    <div className={styles.actions} role="toolbar" aria-label={`Actions for ${title}`}>
      {on ? (
        <>
          {view.state === 'paused' ? (
            <Action command={commands.get('resume')} hint={`Resume ${title}`} icon={<Play aria-hidden />} />
          ) : (
            <Action command={commands.get('pause')} hint={`Pause ${title}`} icon={<Pause aria-hidden />} />
          )}
          <Action command={commands.get('stop')} hint={`Stop ${title}`} icon={<Power aria-hidden />} />
        </>
      ) : (
        <Action command={commands.get('start')} hint={`Start ${title}`} icon={<Play aria-hidden />} />
      )}
      <IconMenu hint={`Keys for ${title}`} icon={<Keyboard aria-hidden />} testId={`keys-${view.name}`}>
        <CommandItem command={commands.get('type')} />
        <Divider />
        {presses.map((command) => (
          <CommandItem key={command.id} command={command} />
        ))}
        <Divider />
        <Choice
          label="Clipboard"
          value={view.clipboard}
          options={clipboardChoices}
          onChoose={(mode) =>
            void session.ask(`set the clipboard of ${view.name}`, async (client) => {
              const update = await client.guest.setClipboard({ name: view.name, mode })
              session.store.setState((state) => applyUpdate(state, update))
            })
          }
        />
      </IconMenu>
      <IconMenu hint={`View of ${title}`} icon={<Monitor aria-hidden />} testId={`view-${view.name}`}>
        <Choice
          label="Scale"
          value={scale}
          options={scales}
          onChoose={(value) => session.change({ scale: { ...session.store.getState().settings.scale, [view.name]: value } })}
        />
        <Divider />
        <CommandItem command={commands.get('fullscreen')} />
        {!alone && <CommandItem command={commands.get('pop-out')} />}
        <CommandItem command={commands.get('screenshot')} />
      </IconMenu>
      {solo ? (
        <Button variant="icon" hint="Leave full screen" shortcut="Esc" onClick={() => leaveFullScreen(session)}>
          <Minimize aria-hidden />
        </Button>
      ) : (
        <Action command={commands.get('fullscreen')} hint={`${title} in full screen`} icon={<Maximize aria-hidden />} />
      )}
      <IconMenu hint={`More for ${title}`} icon={<EllipsisVertical aria-hidden />} testId={`more-${view.name}`}>
        {['start', 'start-cold', 'stop', 'restart', 'pause', 'resume', 'suspend', 'reset', 'force-stop'].map((id) => (
          <CommandItem key={id} command={commands.get(id)} />
        ))}
        <Divider />
        <CommandItem command={commands.get('snapshots')} />
        <CommandItem command={commands.get('clone')} />
        <CommandItem command={commands.get('edit')} />
        <Divider />
        <CommandItem command={commands.get('inspect')} />
        <CommandItem command={commands.get('copy-in')} />
        <CommandItem command={commands.get('copy-out')} />
        <Divider />
        <CommandItem command={commands.get('link')} />
        <CommandItem command={commands.get('logs')} />
      </IconMenu>
    </div>
  )
}

function Action({ command, hint, icon }: { readonly command: Command | undefined; readonly hint: string; readonly icon: React.ReactElement }) {
  if (command === undefined) return null
  return (
    <Button variant="icon" hint={hint} shortcut={command.shortcut} disabledReason={command.disabledReason} onClick={command.run}>
      {icon}
    </Button>
  )
}

function CommandItem({ command }: { readonly command: Command | undefined }) {
  if (command === undefined) return null
  return <Item label={command.title} shortcut={command.shortcut} disabledReason={command.disabledReason} onChoose={command.run} />
}
