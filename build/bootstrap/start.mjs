import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { electronBinary } from './electron-binary.mjs'
import { runMain, say } from './say.mjs'
import { root, setUp } from './setup.mjs'

/** `npm start`: sets up, then opens the window and brings the demonstration pair up. Arguments go to `diptych serve`. */
await runMain(async () => {
  const hasDisplay = Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY) || process.platform !== 'linux'
  await setUp({ electron: hasDisplay })
  const binary = electronBinary(root)
  if (binary !== null && hasDisplay) runElectron(binary)
  else await runCommandLine()
})

/** In this very process: one less to keep in memory. It handles its own signals. */
async function runCommandLine() {
  process.argv.splice(2, 0, 'serve', '--open', '--up')
  await import(new URL('out/main/diptych.js', root).href)
}

function runElectron(binary) {
  const asRoot = process.getuid?.() === 0
  if (asRoot) say('Note: Electron runs without its sandbox, because it refuses to run with one as root.')
  const child = spawn(binary, [...(asRoot ? ['--no-sandbox'] : []), fileURLToPath(root), '--up', ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    say(`Electron could not be started: ${error.message}`)
    process.exitCode = 5
  })
  child.on('exit', (code) => {
    process.exitCode = code ?? 5
  })
}
