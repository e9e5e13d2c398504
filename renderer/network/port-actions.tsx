import { ExternalLink } from 'lucide-react'
import type { GuestView } from '../../src/contract/guest.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { byteCount, clockTime } from '../format.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import styles from './link-popover.module.css'

/** Gives the guest's web page a URL on this computer, or shows and withdraws it. */
export function PublishRow({ view }: { readonly view: GuestView }) {
  const session = useSession()
  const { name } = view
  const publication = useWindow((state) => state.network?.publications.find((each) => each.guest === name))
  const on = view.state === 'running' || view.state === 'paused'
  return (
    <div className={styles.row} data-testid={`publish-${name}`}>
      {publication === undefined ? (
        <>
          <span>Web page on this computer</span>
          <Button disabledReason={on ? null : 'The guest is not running, so nothing answers on its ports.'} onClick={() => void session.ask(`publish ${name}`, (client) => client.network.publish({ guest: name }))}>
            Publish
          </Button>
        </>
      ) : (
        <>
          <a className={styles.url} href={publication.url} target="_blank" rel="noreferrer">
            {publication.url.replace('http://', '').replace(/\/$/, '')}
            <ExternalLink role="img" aria-label="opens in a new tab" />
          </a>
          <Button hint="Copy the address" onClick={() => void navigator.clipboard.writeText(publication.url)}>
            Copy
          </Button>
          <Button onClick={() => void session.ask(`withdraw the page of ${name}`, (client) => client.network.unpublish({ guest: name, port: publication.port }))}>Withdraw</Button>
        </>
      )}
    </div>
  )
}

/** Starts and stops writing a link's traffic, or the whole network's, to a file; says where that is, how large and since when. */
export function CaptureButton({ guest }: { readonly guest: GuestName | null }) {
  const session = useSession()
  const capture = useWindow((state) => state.network?.captures.find((each) => each.guest === guest))
  const running = useWindow((state) => state.network?.running === true)
  const start = () => void session.ask(`capture ${guest ?? 'the network'}`, (client) => client.network.startCapture({ guest }))
  const stop = async (id: string) => {
    const done = await session.ask('end the capture', (client) => client.network.stopCapture({ id }))
    if (done !== null) session.notify({ level: 'info', text: `Captured ${done.packets ?? 0} packets.`, next: `Open ${done.path} with Wireshark.` })
  }
  if (capture === undefined) {
    return (
      <div className={styles.row} data-testid={`capture-${guest ?? 'network'}`}>
        <span>{guest === null ? 'Traffic of the whole network' : 'Traffic of this link'}</span>
        <Button disabledReason={running ? null : 'The network is not running.'} onClick={start}>
          Capture
        </Button>
      </div>
    )
  }
  return (
    <div className={styles.capture} data-testid={`capture-${guest ?? 'network'}`}>
      <div className={styles.row}>
        <span>
          Captured {byteCount(capture.bytes)} of at most {byteCount(capture.limitBytes)}, since {clockTime(capture.startedAt)}
        </span>
        <Button variant="danger" onClick={() => void stop(capture.id)}>
          Stop capture
        </Button>
      </div>
      <div className={styles.row}>
        <code className={styles.path}>{capture.path}</code>
        <Button hint="Copy the path of the file" onClick={() => void navigator.clipboard.writeText(capture.path)}>
          Copy
        </Button>
      </div>
    </div>
  )
}
