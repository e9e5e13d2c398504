import type { NoticeText } from '../notice.ts'
import type { Dropped } from '../ui/use-drop.ts'
import styles from './drop.module.css'

export function DropHint() {
  return <p className={styles.over}>Drop the file to make a guest of it</p>
}

/** The one file of what was dropped that a guest can be made from, and what has to be said of the rest. */
export function fileForGuest({ files, folders }: Dropped): { readonly file: File; readonly notice: NoticeText | null } | { readonly file: null; readonly notice: NoticeText } {
  const file = files.find(({ name }) => /\.(ovf|ova)$/i.test(name)) ?? files[0] ?? null
  if (file === null) {
    return { file, notice: { level: 'warning', text: `“${folders.join('”, “')}” is a folder; a guest is made from one file.`, next: 'Drop the file in it: a disc (ISO), a disk (qcow2, raw, VMDK, VHD, VHDX, VDI) or a whole machine (OVA, OVF).' } }
  }
  if (files.length + folders.length === 1) return { file, notice: null }
  return { file, notice: { level: 'info', text: `Of what was dropped, ${file.name} is taken.`, next: 'A guest is made from one file; drop the others one by one for guests of their own.' } }
}
