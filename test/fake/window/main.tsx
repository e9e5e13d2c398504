import { openWindow } from '../../../renderer/open-window.tsx'
import { scenarios } from './scenarios.ts'

const name = new URLSearchParams(location.search).get('scenario') ?? 'running'
const scenario = scenarios[name]
if (scenario === undefined) throw new Error(`no scenario ${name}; there are ${Object.keys(scenarios).join(', ')}`)
const host = scenario()
// Tests read the fake guests' side of things from the document's root, cut the connection and hold long work by events.
host.onscreen = (kind, guest, value) => document.documentElement.setAttribute(`data-${kind}-${guest}`, value)
document.addEventListener('fake:drop', () => host.drop('the test cut it'))
document.addEventListener('fake:refuse', () => (host.refuse = 'the test refuses'))
document.addEventListener('fake:accept', () => (host.refuse = null))
document.addEventListener('fake:hold', () => (host.world.tasks.held = true))
document.addEventListener('fake:go-on', () => (host.world.tasks.held = false))
openWindow(() => host.connect())
