import { createHash } from 'node:crypto'
import type { Adoption, Engine, EngineDescription, Machine, MachineSpec, StartOptions } from '../../engine/engine.ts'
import type { GuestName } from '../../contract/names.ts'
import { describeEngine } from '../../engine/qemu/description.ts'
import { warmKeyText } from '../../engine/qemu/warm-key.ts'
import { findCpuCap } from '../cgroup/find-cpu-cap.ts'
import { ensurePrivateDirectory, type Directories } from '../paths.ts'
import { adoptMachines } from './adopt.ts'
import { settleDisk } from './disk-place.ts'
import { runLayout } from './layout.ts'
import { silentLogger, type EngineLogger } from './logger.ts'
import { probeQemu, type QemuProbe } from './probe.ts'
import { examineRun } from './run-directory.ts'
import { startMachine } from './start.ts'
import { SpareMaker } from './spare-maker.ts'

export interface QemuEngineOptions {
  readonly directories: Directories
  readonly logger?: EngineLogger
  readonly env?: NodeJS.ProcessEnv
}

/** The engine, and what only its owner needs. */
export interface QemuEngine extends Engine {
  /** Does the background work that is due (copies for the next warm start) now, and resolves when it is done. */
  settled(): Promise<void>
  /** Ends what a killed host began with a guest's disk; answers what was done, in sentences. Asked once after `adopt`. */
  settleDisk(name: GuestName, diskPath: string): string[]
}

/**
 * QEMU driven directly, without a daemon: one process a guest, started detached, found again through the runtime
 * directory. Nothing is looked for before the first call, so making an engine cannot fail.
 */
export function createQemuEngine({ directories, logger = silentLogger, env = process.env }: QemuEngineOptions): QemuEngine {
  let probing: Promise<QemuProbe> | null = null
  const probe = () => {
    probing ??= probeQemu(directories.cache, env)
    probing.catch(() => (probing = null)) // QEMU may be installed while we run: ask again next time
    return probing
  }
  const cpuCap = findCpuCap(env)
  const spares = new SpareMaker(logger)
  const onSaved = (directory: string, warmKey: string) => spares.want(directory, warmKey, 0)
  const keyOf = (spec: MachineSpec, found: QemuProbe) => createHash('sha256').update(warmKeyText(spec, found.features, found.accelerator.kind, found.hostCpu)).digest('hex')

  const start = async (spec: MachineSpec, options: StartOptions): Promise<Machine> => {
    const found = await probe()
    ensurePrivateDirectory(directories.runtime)
    const context = { layout: runLayout(directories, spec.name), probe: found, cpuCap, warmKey: keyOf(spec, found), keyOf: (other: MachineSpec) => keyOf(other, found), cacheDirectory: directories.cache, onSaved }
    const machine = await startMachine(spec, options, context)
    logger.info({ guest: spec.name, process: machine.processId, from: options.from.kind }, 'machine started')
    if (options.from.kind === 'warm') spares.want(options.from.directory, context.warmKey)
    return machine
  }

  return {
    describe: async (): Promise<EngineDescription> => {
      const found = await probe()
      return describeEngine(found.features, found.accelerator, { available: cpuCap.available, reason: cpuCap.reason })
    },
    start,
    adopt: (): Promise<Adoption[]> => adoptMachines({ directories, probe, cpuCap, logger, onSaved }),
    warmKey: async (spec) => keyOf(spec, await probe()),
    settled: () => spares.settled(),
    settleDisk: (name, diskPath) => {
      const { kind } = examineRun(runLayout(directories, name))
      return kind === 'half' ? [] : settleDisk(diskPath, kind === 'alive')
    },
  }
}
