import type { WebPreferences } from 'electron'

/** The window's own origin. A standard, secure scheme: storage and workers behave as under https. */
export const appScheme = 'app'
export const appOrigin = 'app://diptych'
export const appUrl = `${appOrigin}/`

export function isOurUrl(url: string): boolean {
  return url === appOrigin || url.startsWith(appUrl)
}

/** Every window's settings; pop-outs get the same (electronjs.org/docs/latest/tutorial/security). */
export function webPreferences(preloadPath: string): WebPreferences {
  return {
    preload: preloadPath,
    contextIsolation: true,
    sandbox: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    webviewTag: false,
    navigateOnDragDrop: false,
    spellcheck: false,
    backgroundThrottling: false, // a screen in a covered window stays live
  }
}

/** The few permissions a window of ours may have; each acts on the person's own click. */
const permissions: ReadonlySet<string> = new Set(['fullscreen', 'pointerLock', 'keyboardLock', 'clipboard-sanitized-write'])

export function mayHavePermission(permission: string, origin: string): boolean {
  return permissions.has(permission) && isOurUrl(origin)
}

interface Contents {
  on(event: 'will-navigate' | 'will-redirect' | 'will-frame-navigate' | 'will-attach-webview', listener: (event: { preventDefault(): void; url?: string }, url?: unknown) => void): unknown
  setWindowOpenHandler(handler: (details: { url: string }) => OpenDecision): void
}

export type OpenDecision =
  | { action: 'deny' }
  | { action: 'allow'; overrideBrowserWindowOptions: { autoHideMenuBar: boolean; backgroundColor: string; webPreferences: WebPreferences } }

/** A page that `diptych publish` gave an address: loopback by name, with a port, nothing more. */
const published = /^http:\/\/[a-z][a-z0-9-]{0,31}\.localhost:\d{1,5}\/$/

/**
 * Keeps a page where it belongs: it may not leave our origin, embed webviews, or open anything but our own pop-outs.
 * A guest's published page opens in the person's browser, never in a window of ours.
 */
export function confine(contents: Contents, preloadPath: string, openInBrowser: (url: string) => void): void {
  for (const event of ['will-navigate', 'will-redirect', 'will-frame-navigate'] as const) {
    contents.on(event, (details) => {
      if (!isOurUrl(details.url ?? '')) details.preventDefault()
    })
  }
  contents.on('will-attach-webview', (details) => details.preventDefault())
  contents.setWindowOpenHandler(({ url }) => {
    if (published.test(url)) openInBrowser(url)
    return isOurUrl(url)
      ? { action: 'allow', overrideBrowserWindowOptions: { autoHideMenuBar: true, backgroundColor: '#101114', webPreferences: webPreferences(preloadPath) } }
      : { action: 'deny' }
  })
}
