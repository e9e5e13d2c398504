import { spawn, spawnSync } from 'node:child_process'

/**
 * Runs a program and resolves with { code, signal, output, timedOut }. `show` sends what it writes to our stdout as it
 * comes; the last 64 KiB are kept either way. A program that is not there resolves with code 127.
 */
export function run(file, args, { cwd, env = process.env, show = false, timeoutMs } = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let timedOut = false
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => {
      timedOut = true
      child.kill('SIGTERM')
      setTimeout(() => child.kill('SIGKILL'), 10_000).unref()
    }, timeoutMs)
    const take = (chunk) => {
      if (show) process.stdout.write(chunk)
      output = (output + chunk).slice(-65_536)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    const settle = (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, output, timedOut })
    }
    child.on('error', (error) => {
      output += error.message
      settle(127, null)
    })
    child.on('close', (code, signal) => settle(code ?? 1, signal))
  })
}

/** Whether a program runs and exits with 0. */
export function succeeds(file, args) {
  return spawnSync(file, args, { stdio: 'ignore' }).status === 0
}

/** The npm that started us, else the one on the path. */
export function npmCommand(env = process.env) {
  return env.npm_execpath?.endsWith('.js') ? [process.execPath, [env.npm_execpath]] : ['npm', []]
}
