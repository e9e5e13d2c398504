import { CircleAlert, Info, TriangleAlert, X } from 'lucide-react'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import styles from './notices.module.css'

/** What became of this window's own calls, as sentences with what to do next. Good news goes by itself, the rest stays until dismissed. */
export function Notices() {
  const session = useSession()
  const notices = useWindow((state) => state.notices)
  return (
    <div className={styles.notices} role="region" aria-label="Notices">
      {notices.map((notice) => (
        <div key={notice.id} className={styles.notice} data-level={notice.level} role={notice.level === 'info' ? 'status' : 'alert'}>
          {notice.level === 'error' ? <CircleAlert aria-hidden /> : notice.level === 'warning' ? <TriangleAlert aria-hidden /> : <Info aria-hidden />}
          <p>
            <strong>{notice.text}</strong>
            <span>{notice.next}</span>
          </p>
          <Button variant="icon" hint="Dismiss" onClick={() => session.dismiss(notice.id)}>
            <X aria-hidden />
          </Button>
        </div>
      ))}
    </div>
  )
}
