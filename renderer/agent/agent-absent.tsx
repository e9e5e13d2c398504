import { howToInstallAgent } from '../../src/contract/guest-agent.ts'
import { type GuestView, isOff } from '../../src/contract/guest.ts'
import styles from './agent.module.css'

/** Why the guest's agent is not there to be asked, and what to do about it; nothing while it answers. */
export function AgentAbsent({ view }: { readonly view: GuestView }) {
  if (view.agent === 'live' && view.actions.exec.allowed) return null
  return (
    <div className={styles.absent} role="status" data-testid="agent-absent">
      <strong>{isOff(view.state) ? 'The guest is off.' : view.agent === 'absent' ? 'No guest agent answers.' : view.agent === 'silent' ? 'The guest agent has fallen silent.' : 'The guest agent cannot be asked now.'}</strong>
      <p>{view.actions.exec.reason}</p>
      {isOff(view.state) && <p>{howToInstallAgent(view.kind)}</p>}
    </div>
  )
}
