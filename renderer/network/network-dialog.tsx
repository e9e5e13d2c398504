import { useState } from 'react'
import { Button } from '../ui/button.tsx'
import { Modal } from '../ui/modal.tsx'
import { CaptureButton } from './port-actions.tsx'
import styles from './network-dialog.module.css'
import { NetworksPanel } from './networks-panel.tsx'
import { RequestLog } from './request-log.tsx'
import { WebMatrixPanel } from './web-matrix-panel.tsx'

const panels = [
  { value: 'matrix', label: 'Who opens whose page' },
  { value: 'requests', label: 'Requests' },
  { value: 'networks', label: 'Networks' },
] as const

/** The network, looked into: web access in every direction, the requests that pass, who is on which network, a capture. */
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
      {panel === 'matrix' && <WebMatrixPanel />}
      {panel === 'requests' && <RequestLog />}
      {panel === 'networks' && <NetworksPanel />}
      <CaptureButton guest={null} />
    </Modal>
  )
}
