import { useEffect, useState } from 'react'
import type { GuestName } from '../../src/contract/names.ts'
import { useSession } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { Modal } from '../ui/modal.tsx'
import styles from './dialog.module.css'

type Source = 'serial' | 'engine'
const labels: Record<Source, string> = { serial: 'Guest (serial line)', engine: 'QEMU' }

/** The last lines that the guest and its QEMU wrote. */
export function LogsDialog({ guest, onClose }: { readonly guest: GuestName; readonly onClose: () => void }) {
  const session = useSession()
  const [source, setSource] = useState<Source>('serial')
  const [log, setLog] = useState<{ text: string; path: string } | null>(null)
  useEffect(() => {
    let current = true
    void session
      .ask(`read the logs of ${guest}`, (client) => client.guest.logs({ name: guest, source }))
      .then((answer) => current && setLog(answer ?? { text: '', path: '' }))
    return () => {
      current = false
    }
  }, [session, guest, source])
  return (
    <Modal title={`Logs of ${guest}`} width="wide" onClose={onClose} testId="logs" actions={<Button onClick={onClose}>Close</Button>}>
      <div className={styles.tabs} role="toolbar" aria-label="Source">
        {(['serial', 'engine'] as const).map((value) => (
          <Button key={value} aria-pressed={value === source} onClick={() => {
              setLog(null)
              setSource(value)
            }}>
            {labels[value]}
          </Button>
        ))}
      </div>
      {/* Focusable, so that it scrolls by keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className={styles.log} tabIndex={0} aria-label={labels[source]}>
        {log === null ? 'Reading…' : log.text === '' ? 'Nothing written yet.' : log.text}
      </pre>
      <p className={styles.path}>{log?.path}</p>
    </Modal>
  )
}
