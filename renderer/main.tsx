import { connect } from './client.ts'
import { openWindow } from './open-window.tsx'

openWindow(connect)
