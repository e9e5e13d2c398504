import { Plus } from 'lucide-react'
import type { ReactNode } from 'react'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { useDrop } from '../ui/use-drop.ts'
import cards from './card.module.css'
import { DiscList } from './disc-list.tsx'
import { DropHint, fileForGuest } from './drop.tsx'
import { GuestCard } from './guest-card.tsx'
import styles from './library.module.css'
import { TaskProgress } from './task-progress.tsx'
import { TemplateCard } from './template-card.tsx'
import { TrashList } from './trash-list.tsx'

/** Every guest there is, what new ones can be made of, and what was thrown away. */
export function Library() {
  const session = useSession()
  const order = useWindow((state) => state.order)
  const tasks = useWindow((state) => state.tasks)
  const templates = useWindow((state) => state.templates)
  const discs = useWindow((state) => state.discs)
  const trash = useWindow((state) => state.trash)
  const { over, handlers } = useDrop((dropped) => {
    const { file, notice } = fileForGuest(dropped)
    if (notice !== null) session.notify(notice)
    if (file !== null) session.store.setState({ dropped: file, place: 'new-guest' })
  })
  const homeless = tasks.filter((task) => task.status === 'running' && (task.guest === null || !order.includes(task.guest)))
  return (
    <main className={styles.library} data-testid="library" aria-label="Library" {...handlers}>
      {over && <DropHint />}
      <Section
        title="Guests"
        action={
          <Button variant="primary" onClick={() => session.store.setState({ place: 'new-guest' })}>
            <Plus aria-hidden />
            New guest
          </Button>
        }
      >
        {homeless.length > 0 && (
          <div className={styles.tasks}>
            {homeless.map((task) => (
              <TaskProgress key={task.id} task={task} />
            ))}
          </div>
        )}
        {order.length === 0 ? (
          <p className={styles.empty}>There is no guest yet. Make one, or start the stage to get the two demonstration guests.</p>
        ) : (
          <ul className={cards.cards}>
            {order.map((name) => (
              <GuestCard key={name} name={name} />
            ))}
          </ul>
        )}
      </Section>
      {templates.length > 0 && (
        <Section title="Templates">
          <ul className={cards.cards}>
            {templates.map((template) => (
              <TemplateCard key={template.name} template={template} />
            ))}
          </ul>
        </Section>
      )}
      {discs.length > 0 && (
        <Section title="Discs">
          <DiscList />
        </Section>
      )}
      {trash.length > 0 && (
        <Section title="Trash">
          <TrashList />
        </Section>
      )}
    </main>
  )
}

function Section({ title, action, children }: { readonly title: string; readonly action?: ReactNode; readonly children: ReactNode }) {
  return (
    <section className={styles.section} aria-label={title}>
      <header className={styles.heading}>
        <h2>{title}</h2>
        {action}
      </header>
      {children}
    </section>
  )
}
