import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { userInfo } from 'node:os'

/** Why network namespaces cannot be used here, or null when they can. */
export function namespacesMissing(...programs: readonly string[]): string | null {
  if (process.platform !== 'linux' || userInfo().uid !== 0) return 'needs root on Linux'
  if (!existsSync('/dev/net/tun')) return 'needs /dev/net/tun'
  const absent = ['ip', 'python3', ...programs].filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0)
  if (absent.length > 0) return `needs ${absent.join(', ')}`
  const name = `diptych-trial-${process.pid}` // several test runs may be under way
  const trial = spawnSync('ip', ['netns', 'add', name])
  spawnSync('ip', ['netns', 'del', name])
  return trial.status === 0 ? null : 'may not make network namespaces'
}

/** A Linux network stack of its own as a guest: a namespace whose eth0 is a tap, bridged to the switch's data socket. */
export class NamespaceGuest {
  readonly name: string
  readonly #children: ChildProcess[] = []

  private constructor(name: string) {
    this.name = name
  }

  static async open(options: { name: string; socket: string; mac: string; mtu?: number; resolver: string; domain: string }): Promise<NamespaceGuest> {
    const name = `diptych-${process.pid}-${options.name}`
    const guest = new NamespaceGuest(name)
    spawnSync('ip', ['netns', 'add', name])
    // `ip netns exec` mounts this over /etc/resolv.conf: the machine's own is never touched (ip-netns(8)).
    mkdirSync(join('/etc/netns', name), { recursive: true })
    writeFileSync(join('/etc/netns', name, 'resolv.conf'), `nameserver ${options.resolver}\nsearch ${options.domain}\noptions timeout:2 attempts:5\n`)
    await guest.plug({ ...options, device: 'eth0' })
    return guest
  }

  /** A card, on one of the switch's ports. */
  async plug({ socket, mac, mtu, device }: { socket: string; mac: string; mtu?: number; device: string }): Promise<void> {
    const bridge = spawn('python3', [join(import.meta.dirname, 'tap-bridge.py'), socket, this.name, mac, String(mtu ?? 1_500), device], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#children.push(bridge)
    await new Promise<void>((resolve, reject) => {
      bridge.stdout.once('data', () => resolve())
      bridge.once('exit', (code) => reject(new Error(`tap-bridge.py ended with ${code}`)))
    })
  }

  /** Runs a program in the namespace to its end. */
  run(program: string, ...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
    return new Promise((resolve, reject) => {
      const child = this.start(program, ...args)
      const output = { stdout: '', stderr: '' }
      for (const name of ['stdout', 'stderr'] as const) child[name]?.on('data', (chunk: Buffer) => (output[name] += chunk.toString()))
      child.once('error', reject)
      child.once('close', (status) => resolve({ status, ...output }))
    })
  }

  /** Starts a program that runs until `close`. */
  start(program: string, ...args: string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.name, program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 500_000 })
    this.#children.push(child)
    return child
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    spawnSync('ip', ['netns', 'del', this.name])
    rmSync(join('/etc/netns', this.name), { recursive: true, force: true })
  }
}
