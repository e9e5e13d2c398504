import { EngineFault } from '../engine.ts'
import { type AgentCall, unlessRefused } from './agent-call.ts'
import { execute } from './agent-exec.ts'
import { readSystem } from './agent-facts.ts'
import { AgentRefusal } from './agent-session.ts'

const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const renameTimeoutMs = 30_000

/**
 * Linux with systemd has hostnamectl; the others get the running name and the file read at boot, FreeBSD its rc.conf.
 * 127.0.1.1 is Debian's line for the machine's own name. No program is started that is not needed: a clone waits for this.
 */
const unixScript = `
kernel=/proc/sys/kernel/hostname
if [ -r $kernel ]; then read -r old <$kernel; else old=$(hostname); fi
if command -v hostnamectl >/dev/null 2>&1 && hostnamectl set-hostname "$1"; then :
else
  if [ -w $kernel ]; then echo "$1" >$kernel; else hostname "$1"; fi || exit
  if command -v sysrc >/dev/null 2>&1; then sysrc hostname="$1" >/dev/null; else echo "$1" >/etc/hostname; fi
fi
own=
[ -w /etc/hosts ] && while read -r address names; do [ "$address" = 127.0.1.1 ] && own=yes; done </etc/hosts
[ "$own" ] && [ "$old" ] && sed -i "/^127\\.0\\.1\\.1[[:space:]]/s/\\b$old\\b/$1/g" /etc/hosts
`

const windowsShell = 'C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe'

/**
 * Gives the guest another host name; on Windows in force after its next boot. `afterwards` is shell that a Unix guest goes on
 * with in the same program, the name in $1: how it ends does not count. What has no shell is asked whether it is Windows.
 */
export async function setHostName(call: AgentCall, name: string, afterwards = ''): Promise<'now' | 'next-boot'> {
  if (!label.test(name)) throw new EngineFault('agent', `"${name}" is no host name`)
  const done = (result: { exitCode: number; stderr: string }, when: 'now' | 'next-boot') => {
    if (result.exitCode === 0) return when
    throw new EngineFault('agent', `The guest could not be named ${name}: ${result.stderr.trim().slice(0, 300) || `exit code ${result.exitCode}`}`)
  }
  try {
    return done(await execute(call, '/bin/sh', ['-c', `${unixScript}${afterwards}\nexit 0`, 'sh', name], renameTimeoutMs), 'now')
  } catch (error) {
    const isWindows = async () => (await unlessRefused(readSystem(call), () => null))?.family === 'windows'
    if (!(error instanceof AgentRefusal) || !(await isWindows())) throw error
  }
  return done(await execute(call, windowsShell, ['-NoProfile', '-NonInteractive', '-Command', `Rename-Computer -NewName '${name}' -Force -ErrorAction Stop`], renameTimeoutMs), 'next-boot')
}
