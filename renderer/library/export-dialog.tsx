import { useState } from 'react'
import type { ExportFormat } from '../../src/contract/image.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { byteCount, displayName } from '../format.ts'
import { useSession, useWindow } from '../store/context.ts'
import { CheckField, SelectField, TextField } from '../ui/field.tsx'
import { FormModal } from '../ui/form-modal.tsx'
import styles from './form.module.css'

const formats: readonly { readonly value: ExportFormat; readonly label: string }[] = [
  { value: 'qcow2', label: 'qcow2: QEMU, libvirt' },
  { value: 'ova', label: 'OVA: the whole machine, for other hypervisors' },
  { value: 'vmdk', label: 'VMDK: VMware' },
  { value: 'vhdx', label: 'VHDX: Hyper-V' },
  { value: 'vhd', label: 'VHD: older Hyper-V' },
  { value: 'raw', label: 'raw: anything' },
]

/** Writes a guest's disk, or the whole machine, to a file of this computer. The progress shows on its card. */
export function ExportDialog({ guest, onClose }: { readonly guest: GuestName; readonly onClose: () => void }) {
  const session = useSession()
  const title = useWindow((state) => (state.guests[guest] === undefined ? guest : displayName(state.guests[guest].view)))
  const folder = useWindow((state) => state.host?.dataDirectory.replace(/\/\.local\/share\/diptych$/, '') ?? '')
  const [format, setFormat] = useState<ExportFormat>('qcow2')
  const [typed, setTyped] = useState<string | null>(null)
  const [compress, setCompress] = useState(false)
  const [replace, setReplace] = useState(false)
  const path = typed ?? `${folder}/${guest}.${format === 'raw' ? 'img' : format}`
  const run = async () => {
    const written = await session.ask(`export ${guest}`, (client) => client.image.export({ name: guest, path, format, compress: compress && format === 'qcow2', replace }))
    if (written !== null) session.notify({ level: 'info', text: `${guest} was exported to ${written.path}.`, next: [`${byteCount(written.fileBytes)} on disk.`, ...written.warnings].join(' ') })
  }
  return (
    <FormModal
      title={`Export ${title}`}
      description="The file stands alone: nothing it was based on is needed. A guest that runs goes on; its disk is written as it is at one instant."
      onClose={onClose}
      testId="export"
      action="Export"
      reason={path.startsWith('/') ? null : 'Write the whole path, from / on.'}
      className={styles.form}
      onSubmit={() => void run()}
    >
      <SelectField label="Format" value={format} options={formats} onChoose={setFormat} />
      <TextField label="File on this computer" value={path} onChange={(event) => setTyped(event.currentTarget.value)} />
      {format === 'qcow2' && <CheckField label="Compress it (slower to write, smaller)" checked={compress} onChange={setCompress} />}
      <CheckField label="Replace a file that is there already" checked={replace} onChange={setReplace} />
    </FormModal>
  )
}
