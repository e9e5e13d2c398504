import './strict.ts'
import './ui/tokens.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { GuestName } from '../src/contract/names.ts'
import { App } from './app.tsx'
import { type Connect, createWindowStore, Session } from './store/session.ts'

/** Shows the window in `#root` over connections made by `connect`. `#screen=NAME` in the address shows that guest alone. */
export function openWindow(connect: Connect): void {
  const root = document.querySelector('#root')
  if (root === null) throw new Error('index.html has no #root')
  const store = createWindowStore(localStorage)
  const only = GuestName.safeParse(new URLSearchParams(location.hash.slice(1)).get('screen'))
  if (only.success) store.setState({ only: only.data })
  createRoot(root).render(
    <StrictMode>
      <App session={new Session(connect, store)} />
    </StrictMode>,
  )
}
