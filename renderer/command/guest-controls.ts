import type { GuestName } from '../../src/contract/names.ts'
import { noticeFor } from '../notice.ts'
import type { Session } from '../store/session.ts'
import { saveFile } from '../ui/save-file.ts'

/** The attribute by which a guest's frame is found; `data-testid` is for tests alone. */
export const frameAttribute = 'data-frame'

/** Sent to a guest's frame to give that guest the keyboard. */
export const focusEvent = 'diptych:focus'

export function giveKeys(guest: GuestName): void {
  frameOf(guest)?.dispatchEvent(new CustomEvent(focusEvent))
}

/** Lets one guest fill the display, with the system's own keys going to it where the browser allows that. */
export async function fullScreen(session: Session, guest: GuestName): Promise<void> {
  session.store.setState({ solo: guest })
  try {
    await document.documentElement.requestFullscreen()
    giveKeys(guest)
    await lockKeyboard()
  } catch (error) {
    session.store.setState({ solo: null })
    session.notify(noticeFor(error, 'fill the screen'))
  }
}

export function leaveFullScreen(session: Session): void {
  session.store.setState({ solo: null })
  if (document.fullscreenElement !== null) void document.exitFullscreen()
}

/** Opens the guest's screen in a window of its own, which finds the host the same way as this one. */
export function popOut(guest: GuestName): void {
  const address = new URL(location.href)
  const fragment = new URLSearchParams(address.hash.slice(1))
  fragment.set('screen', guest)
  address.hash = fragment.toString()
  window.open(address, `diptych-${guest}`, 'popup,width=1040,height=860')
}

function frameOf(guest: GuestName): HTMLElement | null {
  return document.querySelector<HTMLElement>(`[${frameAttribute}="${guest}"]`)
}

/** Chromium's Keyboard Lock: in full screen, system keys such as Alt+Tab go to the guest. Elsewhere it does not exist. */
async function lockKeyboard(): Promise<void> {
  const { keyboard } = navigator as Navigator & { keyboard?: { lock(): Promise<void> } }
  await keyboard?.lock().catch(() => undefined)
}

/** Saves the guest's screen as a PNG file named after guest and time. */
export async function takeScreenshot(session: Session, name: GuestName): Promise<void> {
  const shot = await session.ask(`take a screenshot of ${name}`, (client) => client.guest.screenshot({ name }))
  if (shot === null) return
  saveFile(`data:image/png;base64,${shot.png}`, `${name}-${new Date().toISOString().replaceAll(':', '-').slice(0, 19)}.png`)
}

export async function pressKeys(session: Session, name: GuestName, keys: readonly string[]): Promise<void> {
  await session.ask(`send ${keys.join('+')} to ${name}`, (client) => client.guest.sendKeys({ name, keys: [...keys] }))
}
