#!/usr/bin/env node
import { existsSync } from 'node:fs'

const entry = new URL('../out/main/diptych.js', import.meta.url)
if (existsSync(entry)) await import(entry.href)
else {
  console.error('Diptych has not been built yet. `npm start` in its folder sets everything up.')
  process.exitCode = 6
}
