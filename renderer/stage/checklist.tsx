import { Check, CircleAlert, LoaderCircle, Minus } from 'lucide-react'
import type { SetupStep, StageView } from '../../src/contract/stage.ts'
import { remaining } from '../format.ts'
import { useSession } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import styles from './checklist.module.css'

/** The way from nothing to a live pair, step by step: what, how much, how long; to be cancelled and taken up again. */
export function Checklist({ stage }: { readonly stage: StageView }) {
  const session = useSession()
  const up = () => void session.ask('set up the stage', (client) => client.stage.up({}))
  const words = headings[stage.status]
  return (
    <section className={styles.sheet} data-testid="checklist" data-status={stage.status} aria-label="Setting up">
      <h2 className={styles.title}>{words.title}</h2>
      <p className={styles.text}>{words.text}</p>
      <ol className={styles.steps}>
        {stage.steps.map((step) => (
          <Step key={step.id} step={step} />
        ))}
      </ol>
      <div className={styles.actions}>
        {stage.status === 'working' ? (
          <Button onClick={() => void session.ask('cancel setting up', (client) => client.stage.cancel())}>Cancel</Button>
        ) : (
          <Button variant="primary" size="large" onClick={up}>
            {words.action}
          </Button>
        )}
      </div>
    </section>
  )
}

const headings: Record<StageView['status'], { title: string; text: string; action: string }> = {
  idle: { title: 'Two systems, side by side', text: 'Diptych makes both guests once and keeps them; after that they start in seconds.', action: 'Set up and start' },
  working: { title: 'Setting the stage', text: 'This happens once. What is finished stays, even if you cancel.', action: '' },
  failed: { title: 'One step did not work', text: 'Everything above it is kept. Put it right and go on from there.', action: 'Try again' },
  cancelled: { title: 'Cancelled', text: 'What was finished is kept; going on starts where it stopped.', action: 'Go on' },
  ready: { title: 'Ready', text: 'Both guests run.', action: 'Start' },
}

const statusWords: Record<SetupStep['status'], string> = { waiting: 'waiting', running: 'in progress', done: 'done', failed: 'failed', cancelled: 'cancelled' }

function Step({ step }: { readonly step: SetupStep }) {
  const running = step.status === 'running'
  const percent = step.fraction === null ? null : Math.round(step.fraction * 100)
  return (
    <li className={styles.step} data-status={step.status} aria-current={running ? 'step' : undefined}>
      <span className={styles.icon} role="img" aria-label={statusWords[step.status]}>
        <StatusIcon status={step.status} />
      </span>
      <span className={styles.name}>{step.title}</span>
      <span className={styles.amount}>
        {running && percent !== null && `${percent} %`}
        {running && step.expectedSeconds !== null && <span className={styles.left}>{remaining(step.expectedSeconds)}</span>}
      </span>
      <span className={styles.detail}>{step.status === 'waiting' ? '' : step.detail}</span>
      {step.status === 'failed' && step.remedy !== null && <span className={styles.remedy}>{step.remedy}</span>}
      <span
        className={styles.progress}
        data-unknown={running && percent === null}
        role={running ? 'progressbar' : undefined}
        aria-label={running ? step.title : undefined}
        aria-valuenow={running && percent !== null ? percent : undefined}
      >
        <span style={{ width: `${step.status === 'done' ? 100 : (percent ?? 0)}%` }} />
      </span>
    </li>
  )
}

function StatusIcon({ status }: { readonly status: SetupStep['status'] }) {
  switch (status) {
    case 'done':
      return <Check aria-hidden />
    case 'running':
      return <LoaderCircle aria-hidden />
    case 'failed':
      return <CircleAlert aria-hidden />
    case 'waiting':
    case 'cancelled':
      return <Minus aria-hidden />
  }
}
