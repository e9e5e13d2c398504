import { config } from 'zod'

// The window's policy forbids code from strings; zod would try it once and be refused with a console error.
config({ jitless: true })
