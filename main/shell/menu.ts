import type { MenuItemConstructorOptions } from 'electron'

/** What the menus can ask for. */
export interface MenuActions {
  startPair(): void
  stopPair(): void
  showWindow(): void
  toggleFullScreen(): void
  quit(): void
}

/**
 * The window's menu bar. No item registers an accelerator, and no role with a built-in one is used: Ctrl+W, Ctrl+R or F11
 * typed into a guest must reach the guest.
 */
export function menuTemplate(actions: MenuActions): MenuItemConstructorOptions[] {
  return [
    {
      label: '&Stage',
      submenu: [
        item('Start both guests', () => actions.startPair()),
        item('Shut both guests down', () => actions.stopPair()),
        { type: 'separator' },
        item('Quit (guests keep running)', () => actions.quit()),
      ],
    },
    { label: '&View', submenu: [item('Full screen', () => actions.toggleFullScreen())] },
  ]
}

export function trayTemplate(actions: MenuActions): MenuItemConstructorOptions[] {
  return [
    item('Show Diptych', () => actions.showWindow()),
    { type: 'separator' },
    item('Start both guests', () => actions.startPair()),
    item('Shut both guests down', () => actions.stopPair()),
    { type: 'separator' },
    item('Quit (guests keep running)', () => actions.quit()),
  ]
}

function item(label: string, click: () => void): MenuItemConstructorOptions {
  return { label, click, registerAccelerator: false }
}
