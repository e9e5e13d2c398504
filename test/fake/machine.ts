import { GuestName, MacAddress, stageNetwork } from '../../src/contract/names.ts'
import type { GuestAgent } from '../../src/engine/agent.ts'
import type { DiskCopy, DiskLimits, Machine, MachineEvent, MachineNic, MachineSpec, MachineStatus, SavedReport, SaveStateRequest, TemplateReport, TemplateRequest } from '../../src/engine/engine.ts'

export const fakeSpec: MachineSpec = {
  name: GuestName.parse('linux'),
  uuid: '6e1f2d70-0000-4000-8000-000000000001',
  profile: 'linux-modern',
  vcpus: 1,
  memoryMiB: 512,
  nics: [{ kind: 'switch', mac: MacAddress.parse('52:54:00:d1:00:01'), network: stageNetwork, socketPath: '/nowhere/stage' }],
  diskPath: '/nowhere/disk.qcow2',
  imageId: 'fake',
  boot: { kind: 'disk', firmware: 'bios' },
  parameters: {},
  clipboard: 'off',
  screen: { width: 1280, height: 800 },
}

/** A machine that does at once what it is told and records it; its agent answers when `agentAnswers`. */
export class FakeMachine implements Machine {
  spec = fakeSpec
  freeSlots = 2
  readonly startedAtMs = Date.now()
  readonly boot: Machine['boot']
  awakened = false
  standsLoaded = false
  readonly processId = 4711
  readonly screenSocketPath = '/nowhere/vnc'
  readonly logPaths = { serial: '/nowhere/serial.log', engine: '/nowhere/engine.log' }
  readonly calls: string[] = []
  readonly #listeners = new Set<(event: MachineEvent) => void>()
  agentAnswers = true
  shutsDownWhenAsked = true
  balloonMiB = 512
  cap: number | null = null
  weight = 100
  cpus = 1
  limits: DiskLimits = { iops: null, bytesPerSecond: null }

  constructor(boot: Machine['boot'] = 'cold') {
    this.boot = boot
  }

  noteAwakened(): void {
    this.awakened = true
  }

  readonly agent: GuestAgent = {
    ping: async () => {
      if (!this.agentAnswers) throw new Error('no answer')
    },
    osInfo: async () => ({ family: 'unix', name: 'Debian GNU/Linux', version: '12', kernel: '6.1' }),
    hostName: async () => 'linux',
    addresses: async () => [{ mac: '52:54:00:d1:00:01', ipv4: ['10.77.0.2'], ipv6: [] }],
    exec: async (path, args) => {
      this.calls.push(`exec ${path} ${args.join(' ')}`)
      return { exitCode: 0, stdout: '', stderr: '' }
    },
    setTime: async () => void this.calls.push('setTime'),
    vcpus: async () => Array.from({ length: this.cpus }, (_, id) => ({ id, online: true, canOffline: id > 0 })),
    setVcpus: async (changes) => void this.calls.push(`setVcpus ${changes.length}`),
    bringMemoryOnline: async () => undefined,
    users: async () => [{ name: 'person', domain: null, since: null }],
    fileSystems: async () => [{ mountPoint: '/', type: 'ext4', device: 'vda1', totalBytes: 1 << 30, freeBytes: 1 << 29 }],
    setHostName: async (name) => {
      this.calls.push(`setHostName ${name}`)
      return 'now'
    },
    freeze: async () => {
      this.calls.push('freeze')
      return 1
    },
    thaw: async () => void this.calls.push('thaw'),
    thawLeftover: async () => false,
    openFile: async () => {
      throw new Error('the fake guest has no files')
    },
    shutdown: async () => {
      this.calls.push('agent shutdown')
      if (this.shutsDownWhenAsked) this.emit({ type: 'exited', expected: true, detail: 'shut down' })
    },
  }

  emit(event: MachineEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
  subscribe(listener: (event: MachineEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  status = async (): Promise<MachineStatus> => 'running'
  pause = async () => void this.calls.push('pause')
  resume = async () => void this.calls.push('resume')
  reset = async () => void this.calls.push('reset')
  powerDown = async () => void this.calls.push('powerDown')
  quit = async () => {
    this.calls.push('quit')
    this.emit({ type: 'exited', expected: true, detail: 'quit' })
  }
  sendKeys = async () => undefined
  screenshot = async () => ({ png: new Uint8Array(), width: 0, height: 0 })
  setClipboard = async () => undefined
  setMemory = async (targetMiB: number) => {
    this.balloonMiB = targetMiB
  }
  balloon = async () => ({ actualMiB: this.balloonMiB, guestTotalMiB: this.balloonMiB - 30, guestAvailableMiB: this.balloonMiB - 130, swappedInBytes: 0 })
  setCpuCap = async (percent: number | null) => {
    this.cap = percent
    return percent
  }
  cpuCap = async () => this.cap
  setCpuWeight = async (weight: number) => {
    this.weight = weight
    return { weight, note: null }
  }
  cpuWeight = async () => ({ weight: this.weight, note: null })
  setVcpus = async (count: number) => {
    this.cpus = count
  }
  vcpus = async () => ({ plugged: this.cpus, online: this.cpus })
  setDiskLimits = async (limits: DiskLimits) => {
    this.limits = limits
    return limits
  }
  diskLimits = async () => this.limits
  usage = async () => ({ cpuMs: 0, residentMiB: 100, diskReadBytes: 0, diskWriteBytes: 0, diskReads: 0, diskWrites: 0, throttledMs: null })
  save = async () => ({ pausedMs: 1 })
  saveState = async ({ afterwards }: SaveStateRequest): Promise<SavedReport> => {
    this.calls.push(`saveState ${afterwards}`)
    return { pausedMs: 1, pausedAtMs: Date.now(), wasRunning: true, screen: null }
  }
  takeDiskSnapshot = async (name: string) => void this.calls.push(`takeDiskSnapshot ${name}`)
  deleteDiskSnapshot = async (name: string) => void this.calls.push(`deleteDiskSnapshot ${name}`)
  beginDiskCopy = async (path: string): Promise<DiskCopy> => {
    this.calls.push(`beginDiskCopy ${path}`)
    return { caughtUp: async () => undefined, take: async () => void this.calls.push('take'), abandon: async () => void this.calls.push('abandon') }
  }
  makeTemplate = async ({ memory }: TemplateRequest): Promise<TemplateReport> => {
    this.calls.push(`makeTemplate ${memory ? 'live' : 'cold'}`)
    return { live: memory, reason: null, pausedMs: 1, screen: null }
  }
  plugCard = async (nic: MachineNic) => {
    if (this.freeSlots === 0) return false
    this.freeSlots -= 1
    this.calls.push(`plug ${nic.kind}`)
    this.spec = { ...this.spec, nics: [...this.spec.nics, nic] }
    return true
  }
  linkCard = async (mac: string, up: boolean) => void this.calls.push(`link ${mac} ${up ? 'up' : 'down'}`)
  flattenDisk = async () => void this.calls.push('flattenDisk')
  reconnectNetwork = async (networks: readonly string[]) => void this.calls.push(`reconnect ${networks.join()}`)
  changeDisc = async (path: string | null) => void this.calls.push(`changeDisc ${path ?? 'none'}`)
  dispose = () => void this.calls.push('dispose')
}
