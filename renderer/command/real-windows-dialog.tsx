import { Button } from '../ui/button.tsx'
import { Modal } from '../ui/modal.tsx'
import styles from './dialog.module.css'

/** Says what the stand-in is, and how a real Windows will take its place. */
export function RealWindowsDialog({ onClose }: { readonly onClose: () => void }) {
  return (
    <Modal title="Use real Windows" onClose={onClose} testId="real-windows" actions={<Button onClick={onClose}>Close</Button>}>
      <div className={styles.prose}>
        <p>
          What runs beside Linux now is a <strong>stand-in</strong>: a Linux guest whose desktop, browser window and web server are Win32 programs run by Wine. It is not Windows, and
          Diptych does not call it so.
        </p>
        <p>Installing your own Windows arrives in a later version. It will work like this:</p>
        <ol>
          <li>You choose an installation image (ISO) that you got from Microsoft, and a licence that you hold.</li>
          <li>Diptych makes a new guest with secure boot and a TPM, answers the installer’s questions, and shows it on its screen.</li>
          <li>The new guest takes the stand-in’s place on the stage. The stand-in stays until you remove it.</li>
        </ol>
        <p>Nothing is downloaded for you, and no licence is included.</p>
      </div>
    </Modal>
  )
}
