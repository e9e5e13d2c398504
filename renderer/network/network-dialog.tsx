import { useState } from 'react'
import { Button } from '../ui/button.tsx'
import { Modal } from '../ui/modal.tsx'
import { CaptureButton } from './port-actions.tsx'
import styles from './network-dialog.module.css'
import { RequestLog } from './request-log.tsx'
import { WebMatrixPanel } from './web-matrix-panel.tsx'

const panels = [
  { value: 'matrix', label: 'Who opens whose page' },
  { value: 'requests', label: 'Requests' },
] as const

/** The network, looked into: web access in every direction, the requests that pass, and a capture of all of it. */
export function NetworkDialog({ onClose }: { readonly onClose: () => void }) {
  const [panel, setPanel] = useState<(typeof panels)[number]['value']>('matrix')
  return (
    <Modal title="Network" width="wide" onClose={onClose} testId="network-dialog" actions={<Button onClick={onClose}>Close</Button>}>
      <div className={styles.tabs} role="group" aria-label="What to show">
        {panels.map(({ value, label }) => (
          <Button key={value} variant={panel === value ? 'primary' : 'plain'} aria-pressed={panel === value} onClick={() => setPanel(value)}>
            {label}
          </Button>
        ))}
      </div>
      {panel === 'matrix' ? <WebMatrixPanel /> : <RequestLog />}
      <CaptureButton guest={null} />
    </Modal>
  )
}
