import { displayName } from '../format.ts'
import { NetworkDialog } from '../network/network-dialog.tsx'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { Modal } from '../ui/modal.tsx'
import { HelpDialog } from './help-dialog.tsx'
import { LogsDialog } from './logs-dialog.tsx'
import { Palette } from './palette.tsx'
import { RealWindowsDialog } from './real-windows-dialog.tsx'
import { SettingsDialog } from './settings-dialog.tsx'

/** Whatever stands over the stage now. */
export function Dialogs() {
  const session = useSession()
  const dialog = useWindow((state) => state.dialog)
  const view = useWindow((state) => (state.dialog !== null && 'guest' in state.dialog ? state.guests[state.dialog.guest]?.view : undefined))
  const close = () => session.open(null)
  if (dialog === null) return null
  switch (dialog.kind) {
    case 'palette':
      return <Palette />
    case 'help':
      return <HelpDialog onClose={close} />
    case 'settings':
      return <SettingsDialog onClose={close} />
    case 'real-windows':
      return <RealWindowsDialog onClose={close} />
    case 'logs':
      return <LogsDialog guest={dialog.guest} onClose={close} />
    case 'network':
      return <NetworkDialog onClose={close} />
    case 'stop-all':
      return (
        <Confirm
          title="Stop every guest?"
          text="Each is asked to shut down by itself, then the network between them is taken down."
          action="Stop all"
          onClose={close}
          onConfirm={() => void session.ask('stop the stage', (client) => client.stage.down({}))}
        />
      )
    case 'force-stop':
      return view === undefined ? null : (
        <Confirm
          title={`Force ${displayName(view)} off?`}
          text="It is like pulling the plug: what the guest has not written to its disk is lost."
          action="Force stop"
          danger
          onClose={close}
          onConfirm={() => void session.askGuest(`force ${view.name} off`, (client) => client.guest.stop({ name: view.name, mode: 'force' }))}
        />
      )
    case 'reset':
      return view === undefined ? null : (
        <Confirm
          title={`Reset ${displayName(view)}?`}
          text="It restarts at once, as by its reset button: what the guest has not written to its disk is lost."
          action="Reset"
          danger
          onClose={close}
          onConfirm={() => void session.askGuest(`reset ${view.name}`, (client) => client.guest.reset({ name: view.name }))}
        />
      )
  }
}

interface ConfirmProps {
  readonly title: string
  readonly text: string
  readonly action: string
  readonly danger?: boolean
  readonly onClose: () => void
  readonly onConfirm: () => void
}

function Confirm({ title, text, action, danger = false, onClose, onConfirm }: ConfirmProps) {
  return (
    <Modal
      title={title}
      description={text}
      onClose={onClose}
      testId="confirm"
      actions={
        <>
          <Button onClick={onClose}>Keep it running</Button>
          <Button
            variant={danger ? 'danger' : 'primary'}
            onClick={() => {
              onClose()
              onConfirm()
            }}
          >
            {action}
          </Button>
        </>
      }
    >
      {null}
    </Modal>
  )
}
