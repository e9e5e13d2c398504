import { openWindow } from '../../../renderer/open-window.tsx'
import { scenarios } from './scenarios.ts'

const name = new URLSearchParams(location.search).get('scenario') ?? 'running'
const scenario = scenarios[name]
if (scenario === undefined) throw new Error(`no scenario ${name}; there are ${Object.keys(scenarios).join(', ')}`)
const host = scenario()
openWindow(() => host.connect())
