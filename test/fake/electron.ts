import { EventEmitter } from 'node:events'
import type { MessageChannel } from 'node:worker_threads'
import type { BrowserWindowConstructorOptions, MenuItemConstructorOptions } from 'electron'

/** A frame as ipcMain's events show it. */
export interface FakeFrame {
  url: string
  parent: unknown
  postMessage: (channel: string, message: unknown, ports: unknown) => void
}

export class FakeContents extends EventEmitter {
  readonly mainFrame: FakeFrame = { url: 'app://diptych/', parent: null, postMessage: () => undefined }
  open: (url: string) => unknown = () => undefined

  setWindowOpenHandler(handler: (details: { url: string }) => unknown): void {
    this.open = (url) => handler({ url })
  }

  wasPrevented(event: string, url: string): boolean {
    let prevented = false
    this.emit(event, { url, preventDefault: () => (prevented = true) })
    return prevented
  }
}

class FakeWindow extends EventEmitter {
  readonly options: BrowserWindowConstructorOptions
  url = ''
  shown = false
  #minimized = false

  constructor(options: BrowserWindowConstructorOptions) {
    super()
    this.options = options
  }
  loadURL(url: string): Promise<void> {
    this.url = url
    return Promise.resolve()
  }
  show(): void {
    this.shown = true
  }
  focus(): void {}
  minimize(): void {
    this.#minimized = true
  }
  restore(): void {
    this.#minimized = false
  }
  maximize(): void {}
  isMinimized = (): boolean => this.#minimized
  isMaximized = (): boolean => false
  isDestroyed = (): boolean => false
  getBounds = () => ({ x: 10, y: 10, width: 1200, height: 800 })
  getNormalBounds = () => this.getBounds()
  setBounds(): void {}
}

interface FakePort {
  addEventListener(type: string, listener: (event: { data: unknown }) => void): void
  start(): void
  close(): void
  postMessage(message: unknown): void
}

/** The few calls the shell makes of Electron, remembered; events are emitted by the test. Ports are real ones of Node. */
export class FakeElectron {
  readonly app = Object.assign(new EventEmitter(), {
    whenReady: () => Promise.resolve(),
    enableSandbox: () => void (this.sandboxed = true),
    requestSingleInstanceLock: () => !this.otherInstance,
    exit: (code: number) => void (this.exitCode = code),
    quit: () => {
      this.quitting += 1
      this.app.emit('will-quit', { preventDefault: () => undefined })
    },
  })
  readonly ipc = new EventEmitter()
  readonly windows: FakeWindow[] = []
  readonly boxes: [string, string][] = []
  readonly parts: Record<string, unknown>
  sandboxed = false
  otherInstance = false
  exitCode: number | null = null
  quitting = 0
  schemes: unknown = null
  menu: MenuItemConstructorOptions[] = []
  fetch: (url: string, method?: string) => Promise<Response> = () => Promise.reject(new Error('no handler'))
  permission: (name: string, url: string) => boolean = () => true

  constructor(makeChannel: () => MessageChannel) {
    const windows = this.windows
    this.parts = {
      app: this.app,
      ipcMain: this.ipc,
      BrowserWindow: class extends FakeWindow {
        static getFocusedWindow = () => null
        constructor(options: BrowserWindowConstructorOptions) {
          super(options)
          windows.push(this)
        }
      },
      dialog: { showErrorBox: (title: string, text: string) => this.boxes.push([title, text]) },
      Menu: {
        buildFromTemplate: (template: MenuItemConstructorOptions[]) => template,
        setApplicationMenu: (template: MenuItemConstructorOptions[]) => void (this.menu = template),
      },
      MessageChannelMain: class {
        readonly port1: unknown
        readonly port2: unknown
        constructor() {
          const { port1, port2 } = makeChannel()
          this.port1 = mainPort(port1 as unknown as FakePort) // Node's port has the DOM's members too
          this.port2 = port2
        }
      },
      nativeImage: { createFromPath: () => ({ resize: () => ({}) }) },
      protocol: { registerSchemesAsPrivileged: (schemes: unknown) => void (this.schemes = schemes) },
      screen: Object.assign(new EventEmitter(), { getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }] }),
      session: { defaultSession: this.#session() },
      Tray: class extends EventEmitter {
        setToolTip(): void {}
        setContextMenu(): void {}
        destroy(): void {}
      },
    }
  }

  /** A new page's contents, as `web-contents-created` announces them. */
  contents(): FakeContents {
    const contents = new FakeContents()
    this.app.emit('web-contents-created', {}, contents)
    return contents
  }

  /** Clicks a menu item by its label. */
  choose(label: string): void {
    const items = this.menu.flatMap((menu) => (Array.isArray(menu.submenu) ? menu.submenu : []))
    const found = items.find((item) => item.label === label)
    ;(found?.click as (() => void) | undefined)?.()
  }

  #session() {
    return {
      protocol: {
        handle: (_scheme: string, handler: (request: { url: string; method: string }) => Promise<Response>) => {
          this.fetch = (url, method = 'GET') => handler({ url, method })
        },
      },
      setPermissionRequestHandler: (handler: (contents: null, name: string, decide: (allowed: boolean) => void, details: { requestingUrl: string }) => void) => {
        this.permission = (name, url) => {
          let answer = true
          handler(null, name, (allowed) => (answer = allowed), { requestingUrl: url })
          return answer
        }
      },
      setPermissionCheckHandler: () => undefined,
    }
  }
}

/** A MessagePortMain: `on` with events of `{ data }`. */
function mainPort(port: FakePort) {
  return {
    on: (event: string, listener: (event: { data: unknown }) => void) => port.addEventListener(event, listener),
    postMessage: (message: unknown) => port.postMessage(message),
    start: () => port.start(),
    close: () => port.close(),
  }
}
