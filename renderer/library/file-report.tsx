import { TriangleAlert } from 'lucide-react'
import type { ImageDisk, ImportMode } from '../../src/contract/image.ts'
import { byteCount } from '../format.ts'
import { Button } from '../ui/button.tsx'
import { SelectField } from '../ui/field.tsx'
import styles from './new-guest.module.css'
import type { ChosenFile } from './use-file.ts'

const modes: readonly { readonly value: ImportMode; readonly label: string }[] = [
  { value: 'copy', label: 'Copy it into the guest' },
  { value: 'in-place', label: 'Leave it where it is, unchanged' },
  { value: 'move', label: 'Move it into the guest' },
]

/** What the chosen file is by its content, or why it is not taken. */
export function FileReport({ file, mode, onMode }: { readonly file: ChosenFile; readonly mode: ImportMode; readonly onMode: (mode: ImportMode) => void }) {
  if (file.sending !== null) {
    const share = Math.round(file.sending * 100)
    return (
      <div className={styles.sending} role="status">
        <progress max={100} value={share} aria-label="Sending the file to the host" />
        <span>{`Sending it to the host: ${share} %`}</span>
        <Button onClick={() => file.cancel()}>Cancel</Button>
      </div>
    )
  }
  if (file.looking) return <p role="status" className={styles.quiet}>Looking at it…</p>
  if (file.problem !== null) return <Refused reason={file.problem} />
  const { report } = file
  if (report === null) return null
  if (report.refusal !== null) return <Refused reason={`${report.what}: ${report.refusal.reason}`} remedy={report.refusal.remedy} />
  const disks = report.machine?.disks ?? []
  return (
    <div className={styles.report} data-testid="file-report">
      <p>
        <strong>{report.what}</strong>
        {disks.length > 0 && <span className={styles.quiet}>{disks.map(sizeWords).join('; ')}</span>}
      </p>
      {report.warnings.length > 0 && (
        <ul className={styles.notes}>
          {report.warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
      {file.source !== null && 'path' in file.source && report.format !== 'iso' && (
        <SelectField label="What becomes of the file" value={mode} options={modes} onChoose={onMode} />
      )}
    </div>
  )
}

function sizeWords(disk: ImageDisk): string {
  return `${byteCount(disk.virtualBytes)} disk, ${byteCount(disk.fileBytes)} in the file`
}

function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`
}

function Refused({ reason, remedy = null }: { readonly reason: string; readonly remedy?: string | null }) {
  return (
    <p className={styles.problem} role="alert">
      <TriangleAlert aria-hidden />
      <span>
        {sentence(reason)} {remedy === null ? null : sentence(remedy)}
      </span>
    </p>
  )
}
