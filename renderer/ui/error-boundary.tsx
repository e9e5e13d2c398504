import { Component, type ReactNode } from 'react'
import { Button } from './button.tsx'
import styles from './error-boundary.module.css'

/** Catches a bug in the window itself: says so instead of going blank. The guests and the host are untouched by it. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, { readonly reason: string | null }> {
  override state = { reason: null }

  static getDerivedStateFromError(error: unknown): { reason: string } {
    return { reason: error instanceof Error ? error.message : String(error) }
  }

  override render(): ReactNode {
    const { reason } = this.state
    if (reason === null) return this.props.children
    return (
      <main className={styles.fallen} role="alert">
        <h1>The window ran into a bug of its own</h1>
        <p>The guests run on as they are. Loading the window again brings it back to them.</p>
        <p className={styles.reason}>{reason}</p>
        <Button variant="primary" size="large" onClick={() => location.reload()}>
          Load the window again
        </Button>
      </main>
    )
  }
}
