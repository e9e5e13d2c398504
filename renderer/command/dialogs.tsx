import { CopyInDialog } from '../agent/copy-in-dialog.tsx'
import { CopyOutDialog } from '../agent/copy-out-dialog.tsx'
import { InspectDialog } from '../agent/inspect-dialog.tsx'
import { displayName } from '../format.ts'
import { CloneDialog } from '../library/clone-dialog.tsx'
import { DeleteGuest } from '../library/delete-guest.tsx'
import { EditDialog } from '../library/edit-dialog.tsx'
import { ExportDialog } from '../library/export-dialog.tsx'
import { MakeTemplateDialog } from '../library/make-template-dialog.tsx'
import { SnapshotsDialog } from '../library/snapshots-dialog.tsx'
import { PoliciesDialog } from '../mixer/policies-dialog.tsx'
import { NetworkDialog } from '../network/network-dialog.tsx'
import { ResetStageDialog } from '../stage/reset-stage-dialog.tsx'
import { StageSnapshotsDialog } from '../stage/stage-snapshots-dialog.tsx'
import { useSession, useWindow } from '../store/context.ts'
import { Confirm } from '../ui/confirm.tsx'
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
    case 'stage-snapshots':
      return <StageSnapshotsDialog onClose={close} />
    case 'reset-stage':
      return <ResetStageDialog onClose={close} />
    case 'inspect':
      return <InspectDialog guest={dialog.guest} onClose={close} />
    case 'copy-in':
      return <CopyInDialog guest={dialog.guest} files={dialog.files} onClose={close} />
    case 'copy-out':
      return <CopyOutDialog guest={dialog.guest} onClose={close} />
    case 'snapshots':
      return <SnapshotsDialog guest={dialog.guest} onClose={close} />
    case 'edit':
      return <EditDialog guest={dialog.guest} onClose={close} />
    case 'export':
      return <ExportDialog guest={dialog.guest} onClose={close} />
    case 'make-template':
      return <MakeTemplateDialog guest={dialog.guest} onClose={close} />
    case 'clone':
      return <CloneDialog from={dialog.from} title={dialog.title} onClose={close} />
    case 'policies':
      return <PoliciesDialog guest={dialog.guest} onClose={close} />
    case 'over-budget':
      return <Confirm title="More than this computer has?" text={dialog.reason} action="Do it all the same" danger keep="Leave it" onClose={close} onConfirm={dialog.force} />
    case 'replace':
      return <Confirm title="Replace it?" text={dialog.reason} action="Replace" danger keep="Leave it" onClose={close} onConfirm={dialog.force} />
    case 'delete':
      return <DeleteGuest guest={dialog.guest} onClose={close} />
    case 'delete-template':
      return (
        <Confirm
          title={`Delete the template ${dialog.title} for good?`}
          text="Templates have no trash: nothing brings it back. Guests stay as they are."
          action="Delete for good"
          danger
          keep="Keep it"
          onClose={close}
          onConfirm={() => void session.ask(`delete the template ${dialog.title}`, (client) => client.template.delete({ name: dialog.template }))}
        />
      )
    case 'stop-all':
      return (
        <Confirm
          title="Stop every guest?"
          text="Each is asked to shut down by itself, then the network between them is taken down."
          action="Stop all"
          keep="Keep it running"
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
          keep="Keep it running"
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
          keep="Keep it running"
          onClose={close}
          onConfirm={() => void session.askGuest(`reset ${view.name}`, (client) => client.guest.reset({ name: view.name }))}
        />
      )
  }
}
