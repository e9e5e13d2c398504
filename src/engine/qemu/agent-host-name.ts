import type { GuestSystem } from '../agent.ts'
import { EngineFault } from '../engine.ts'
import type { AgentCall } from './agent-call.ts'
import { execute } from './agent-exec.ts'

const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const renameTimeoutMs = 30_000

/**
 * Linux with systemd has hostnamectl; the others get the running name and the file read at boot, FreeBSD its rc.conf.
 * 127.0.1.1 is Debian's line for the machine's own name.
 */
const unixScript = `
old=$(hostname)
if command -v hostnamectl >/dev/null 2>&1 && hostnamectl set-hostname "$1"; then :
else
  hostname "$1" || exit
  if command -v sysrc >/dev/null 2>&1; then sysrc hostname="$1" >/dev/null; else printf '%s\\n' "$1" >/etc/hostname; fi
fi
[ -w /etc/hosts ] && [ -n "$old" ] && sed -i "/^127\\.0\\.1\\.1[[:space:]]/s/\\b$old\\b/$1/g" /etc/hosts
exit 0`

const windowsShell = 'C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe'

/** Gives the guest another host name; on Windows in force after its next boot. */
export async function setHostName(call: AgentCall, family: GuestSystem['family'], name: string): Promise<'now' | 'next-boot'> {
  if (!label.test(name)) throw new EngineFault('agent', `"${name}" is no host name`)
  const windows = family === 'windows'
  const { exitCode, stderr } = windows
    ? await execute(call, windowsShell, ['-NoProfile', '-NonInteractive', '-Command', `Rename-Computer -NewName '${name}' -Force -ErrorAction Stop`], renameTimeoutMs)
    : await execute(call, '/bin/sh', ['-c', unixScript, 'sh', name], renameTimeoutMs)
  if (exitCode !== 0) throw new EngineFault('agent', `The guest could not be named ${name}: ${stderr.trim().slice(0, 300) || `exit code ${exitCode}`}`)
  return windows ? 'next-boot' : 'now'
}
