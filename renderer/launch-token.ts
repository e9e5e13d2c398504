const key = 'diptych.token'

/** The parts of a window that hold its address and what a reload keeps. */
export interface TokenPlace {
  readonly location: Pick<Location, 'hash' | 'pathname' | 'search'>
  readonly history: Pick<History, 'replaceState' | 'state'>
  readonly sessionStorage: Pick<Storage, 'getItem' | 'setItem'>
}

/**
 * The token of this launch, null when the page has none. It comes in the address's fragment, which never leaves the
 * browser, and is moved from there to the session storage: nobody reads it over a shoulder or copies it with the address,
 * and a reload, or a window this one opens, still has it. The rest of the fragment stays.
 */
export function takeToken({ location, history, sessionStorage }: TokenPlace): string | null {
  const fragment = new URLSearchParams(location.hash.slice(1))
  const given = fragment.get('token')
  if (given === null) return sessionStorage.getItem(key)
  sessionStorage.setItem(key, given)
  fragment.delete('token')
  const rest = fragment.toString()
  history.replaceState(history.state, '', `${location.pathname}${location.search}${rest === '' ? '' : `#${rest}`}`)
  return given
}
