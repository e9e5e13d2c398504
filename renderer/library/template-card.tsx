import { Copy, EllipsisVertical } from 'lucide-react'
import type { TemplateView } from '../../src/contract/template.ts'
import { byteCount, clockTime, memory } from '../format.ts'
import { useSession } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { Divider, IconMenu, Item } from '../ui/menu.tsx'
import { OsMark } from '../ui/os-mark.tsx'
import styles from './card.module.css'
import { useStill } from './use-still.ts'

/** One template: what clones of it begin as, and who stands on it. */
export function TemplateCard({ template }: { readonly template: TemplateView }) {
  const session = useSession()
  const { name, title, clones, templates } = template
  const picture = useStill(`template ${name} ${template.madeAt}`, template.thumbnail !== null, (client, signal) => client.template.thumbnail({ name }, { signal }))
  const holders = [...clones, ...templates.map((each) => `template ${each}`)]
  const held = holders.length === 0 ? null : `${holders.join(', ')} ${holders.length === 1 ? 'stands' : 'stand'} on it: delete or flatten ${holders.length === 1 ? 'it' : 'them'} first.`
  return (
    <li className={styles.card} data-testid={`template-${name}`} data-accent={template.guestKind} aria-label={title}>
      <div className={styles.picture}>{picture === undefined ? <OsMark kind={template.guestKind} /> : <img src={picture} alt={`Screen of ${title} when it was made`} />}</div>
      <div className={styles.words}>
        <h3 className={styles.title} title={title}>
          {title}
        </h3>
        <p className={styles.facts}>
          <span className={styles.badge} data-kind={template.kind}>
            {template.kind === 'live' ? 'Live' : 'Cold'}
          </span>
          {clones.length === 0 ? 'no clones' : `${clones.length} clone${clones.length === 1 ? '' : 's'}`}
        </p>
        <p className={styles.quiet}>
          {`${template.os}, ${memory(template.memoryMiB)}, ${byteCount(template.diskBytes + template.memoryBytes)} on disk, made ${new Date(template.madeAt).toLocaleDateString()} ${clockTime(template.madeAt)}`}
        </p>
        {template.note !== null && <p className={styles.quiet}>{template.note}</p>}
      </div>
      <div className={styles.actions} role="toolbar" aria-label={`Actions for the template ${title}`}>
        <Button
          onClick={() =>
            void session.ask(`clone ${title}`, async (client) => {
              const made = await client.template.clone({ from: { template: name } })
              session.notify({ level: 'info', text: `${made.guests.map((guest) => guest.view.name).join(', ')} runs.`, next: `Asked for ${(made.milliseconds / 1_000).toFixed(2)} s ago.` })
            })
          }
        >
          <Copy aria-hidden />
          Clone and start
        </Button>
        <span className={styles.space} />
        <IconMenu hint={`More for the template ${title}`} icon={<EllipsisVertical aria-hidden />} testId={`template-more-${name}`}>
          <Item label="Clone several…" onChoose={() => session.open({ kind: 'clone', from: { template: name }, title })} />
          <Divider />
          <Item label="Delete for good…" disabledReason={held} onChoose={() => session.open({ kind: 'delete-template', template: name, title })} />
        </IconMenu>
      </div>
    </li>
  )
}
