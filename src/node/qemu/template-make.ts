import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { MachineSpec, TemplateReport, TemplateRequest } from '../../engine/engine.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'
import { syncAside, writeFileAtomicSync } from '../file/atomic.ts'
import { qemuImgFault } from '../image/qemu-img.ts'
import { runProgram } from '../process/run-program.ts'
import { DiskMirror } from './disk-mirror.ts'
import { readDiskInfo } from './disk-image.ts'
import { hardwareKey } from './hardware-key.ts'
import { unlessFull } from './no-room.ts'
import { precopy } from './precopy.ts'
import type { QemuProbe } from './probe.ts'
import type { PluggedDevice } from './run-record.ts'
import { saveMachineState } from './save-state.ts'
import type { SavedStateManifest } from './saved-state.ts'
import { demandRoom, keepPicture } from './saved-files.ts'
import { Incubator } from './template-incubator.ts'
import { withMark } from './template-mark.ts'

export interface TemplateSource {
  readonly qmp: QmpSession
  readonly spec: MachineSpec
  readonly pid: number
  /** The name its shared memory has among QEMU's open files; null when the memory is QEMU's own. */
  readonly sharedRam: string | null
  /** The machine's own folder in the runtime directory. */
  readonly scratch: string
  /** Where incubators have their folders. */
  readonly incubators: string
  readonly probe: QemuProbe
  /** Runs `work` while nobody else changes or saves the machine, and with what was plugged into it while it ran. */
  readonly standing: <T>(work: (plugged: readonly PluggedDevice[]) => Promise<T>) => Promise<T>
}

/**
 * Makes a template of a machine, which goes on as before: its disk (`disk.qcow2`) and, unless `request.memory` is false, its
 * memory (`ram.img`) and devices (`device.state`) at one instant, with `manifest.json` and `screen.png`; a UEFI machine's
 * variables too. `request.directory` must not exist; nothing of it is left after a failure.
 *
 * 1. The disk is mirrored while the guest runs.  2. The guest stands still; the mirror lets go; memory and devices are
 * copied: memory that QEMU shares with a file, as that file, any other by live migration.  3. The guest goes on. The copy
 * comes to life in an incubator, lets go of its cards and balloon, and is saved for good.
 *
 * A guest that does not let go gives a template of its disk alone (`live: false`).
 */
export async function makeTemplateState(source: TemplateSource, request: TemplateRequest): Promise<TemplateReport> {
  const { qmp, spec } = source
  const { directory, signal, progress } = request
  demandRoom('A template', dirname(directory), (request.memory ? spec.memoryMiB * 1048576 : 0) + (await diskBytes(spec.diskPath)))
  mkdirSync(directory, { mode: 0o700 })
  try {
    const screen = await keepPicture(source.qmp, source.scratch, source.probe.features.screenshotPng, directory)
    const disk = join(directory, 'disk.qcow2')
    await makeTarget(disk, spec.diskPath, request.backing)
    const report = await withMark(qmp, source.scratch, async () => {
      const mirror = await DiskMirror.begin(qmp, disk, request.backing === null ? 'full' : 'top')
      try {
        await mirror.ready((fraction) => progress('copying its disk', fraction), signal)
        return await (request.memory ? withMemory(source, request, mirror) : diskAlone(source, mirror))
      } catch (error) {
        await mirror.abandon().catch(() => undefined) // QEMU is gone: the first error says so
        throw error
      }
    })
    progress('writing it to the disk', null)
    await freeze(directory, report.live)
    return { ...report, screen }
  } catch (error) {
    const told = unlessFull(error, dirname(directory), 'The template')
    rmSync(directory, { recursive: true, force: true })
    throw told
  }
}

type Taken = Omit<TemplateReport, 'screen'>

async function diskAlone({ qmp }: TemplateSource, mirror: DiskMirror): Promise<Taken> {
  const begun = performance.now()
  await mirror.finish()
  await qmp.execute('query-status')
  return { live: false, reason: null, pausedMs: Math.round(performance.now() - begun) }
}

async function withMemory(source: TemplateSource, request: TemplateRequest, mirror: DiskMirror): Promise<Taken> {
  const { directory, signal, progress } = request
  const instant = async () => {
    await mirror.finish()
    keepFirmware(source.spec, directory)
  }
  const { incubator, plugged, pausedMs } = await source.standing((found) => (source.sharedRam === null ? migrated : copied)({ ...source, plugged: found }, request, instant))
  try {
    progress('letting the copy settle', null)
    const stripped = await incubator.strip(signal)
    if (!stripped) return { live: false, reason: 'its system does not let go of its network card and balloon while it runs (it may still be booting)', pausedMs }
    await incubator.save(join(directory, 'device.state'))
    await incubator.end()
    writeManifest(source, plugged, directory)
    return { live: true, reason: null, pausedMs }
  } finally {
    await incubator.end()
  }
}

type Plugged = TemplateSource & { readonly plugged: readonly PluggedDevice[] }
type Copy = { readonly incubator: Incubator; readonly plugged: readonly PluggedDevice[]; readonly pausedMs: number }

/** Memory that is a file's: the guest stands still while the file is copied. */
async function copied(source: Plugged, { directory, signal, progress }: TemplateRequest, instant: () => Promise<void>): Promise<Copy> {
  const { plugged, probe } = source
  progress('copying its memory', null)
  const state = join(directory, 'taken')
  const saving = { ...source, screenshotPng: probe.features.screenshotPng, version: probe.features.version, key: '' }
  const { pausedMs } = await saveMachineState(saving, { directory: state, diskSnapshot: null, afterwards: 'run', gates: { ready: nothing, paused: instant, written: nothing }, ...(signal === undefined ? {} : { signal }) })
  renameSync(join(state, 'ram.img'), join(directory, 'ram.img'))
  const incubator = await Incubator.start(incubation(source, directory), join(state, 'device.state'), signal)
  try {
    await incubator.load()
    rmSync(state, { recursive: true, force: true })
    return { incubator, plugged, pausedMs }
  } catch (error) {
    await incubator.end()
    throw error
  }
}

const nothing = () => Promise.resolve()

/** Memory of QEMU's own: it is copied while the guest runs. */
async function migrated(source: Plugged, { directory, signal, progress }: TemplateRequest, instant: () => Promise<void>): Promise<Copy> {
  const incubator = await Incubator.start(incubation(source, directory), null, signal)
  try {
    const { loaded } = await incubator.listen()
    const { pausedMs } = await precopy(source.qmp, { socketPath: incubator.socketPath, paused: instant, progress: (fraction) => progress('copying its memory', fraction), signal })
    await loaded
    return { incubator, plugged: source.plugged, pausedMs }
  } catch (error) {
    await incubator.end()
    throw error
  }
}

function incubation({ spec, plugged, probe, incubators }: Plugged, directory: string) {
  return { probe, plugged, spec: { ...spec, diskPath: join(directory, 'disk.qcow2') }, ram: join(directory, 'ram.img'), directory: incubators }
}

function writeManifest({ spec, probe }: TemplateSource, plugged: readonly PluggedDevice[], directory: string): void {
  const saved: MachineSpec = { ...spec, balloon: false }
  const bytesOf = (name: string) => statSync(join(directory, name)).size
  const manifest: SavedStateManifest = {
    form: 1,
    key: hardwareKey(saved, probe),
    engineVersion: probe.features.version,
    savedAt: new Date().toISOString(),
    spec: saved,
    plugged: plugged.filter(({ netdev }) => netdev === undefined),
    wasRunning: true,
    ram: { name: 'ram.img', bytes: bytesOf('ram.img') },
    deviceState: { name: 'device.state', bytes: bytesOf('device.state') },
    screen: null,
  }
  writeFileAtomicSync(join(directory, 'manifest.json'), JSON.stringify(manifest, null, 2), { durable: true })
}

/** From here on everything in it is read only: a clone has copies, or maps the memory privately. */
async function freeze(directory: string, live: boolean): Promise<void> {
  const at = (name: string) => join(directory, name)
  if (!live) for (const name of ['ram.img', 'device.state']) rmSync(at(name), { force: true })
  for (const name of ['disk.qcow2', 'ram.img', 'device.state', ...firmwareNames]) {
    if (!existsSync(at(name))) continue
    chmodSync(at(name), 0o400)
    await syncAside(at(name))
  }
  await syncAside(directory)
}

/** UEFI's variables, beside the disk (see firmware.ts). */
export const firmwareNames = ['nvram.fd', 'nvram-secure.fd'] as const

function keepFirmware(spec: MachineSpec, directory: string): void {
  for (const name of firmwareNames) {
    const variables = join(dirname(spec.diskPath), name)
    if (existsSync(variables)) copyFileSync(variables, join(directory, name))
  }
}

/** An empty disk of the size of another, for a mirror to fill. */
export async function makeTarget(path: string, original: string, backing: string | null): Promise<void> {
  const { virtualBytes } = await readDiskInfo(original)
  const base = backing === null ? [] : ['-F', 'qcow2', '-b', backing]
  const made = await runProgram('qemu-img', ['create', '-q', '-f', 'qcow2', ...base, path, String(virtualBytes)])
  if (made.exitCode !== 0) throw qemuImgFault(`${path} could not be made`, made.stderr)
}

async function diskBytes(path: string): Promise<number> {
  return (await readDiskInfo(path)).usedBytes
}
