import { EngineFault, type EngineDescription, type MachineNic, type MachineSpec } from '../engine.ts'
import type { QemuFeatures } from './features.ts'
import type { Json, JsonObject } from './json.ts'
import { growthBlockMiB } from './memory.ts'
import { cardParts } from './network-card.ts'
import { balloonSlot, fixedSlots, rootPort } from './pci-slots.ts'

type Accelerator = EngineDescription['accelerator']['kind']

/** Everything of a run that is not the machine itself: where its sockets and files are. */
export interface RunPaths {
  readonly qmp: string
  readonly agent: string
  readonly screen: string
  readonly serial: string
  readonly pid: string
  /**
   * unnamed: shared memory without a file name (memfd), which can be saved. file: mapped, shared with the file or private
   * to this process; with `readOnly` QEMU opens the file for reading alone and maps it privately all the same.
   */
  readonly ram: { readonly kind: 'unnamed' } | { readonly kind: 'file'; readonly path: string; readonly share: boolean; readonly readOnly?: boolean }
  /** UEFI code (read only) and this guest's own variables; null for BIOS. */
  readonly firmware: { readonly code: string; readonly variables: string } | null
  /** Wait for device state over QMP `migrate-incoming` instead of powering on. */
  readonly incoming: boolean
  /** The cards' cables lead nowhere. */
  readonly loose?: boolean
}

/** SMAP must stay off under emulation: with it Wine guests oops on QEMU 7.2 (isolated by trial), hence no `max`. */
const emulatedCpu = 'qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16'

/**
 * The arguments after the binary's name (QEMU, docs/system/invocation). Saved states depend on the order and ids of
 * the devices, so a change here changes the warm key by itself. Clipboard devices are plugged at run time instead:
 * QEMU refuses to save a machine that has one.
 */
export function commandLine(spec: MachineSpec, paths: RunPaths, features: QemuFeatures, accelerator: Accelerator): string[] {
  if (spec.profile !== 'linux-modern') {
    throw new EngineFault('qemu', `The hardware profile ${spec.profile} is not available yet`, { remedy: 'Use the profile linux-modern.' })
  }
  return [
    ['-name', option(`guest=${escaped(spec.name)}`, { 'debug-threads': 'on' }), '-uuid', spec.uuid],
    processArguments(paths, features),
    ['-machine', option(features.machines.q35, { 'memory-backend': 'ram0' })],
    ['-accel', accelerator === 'kvm' ? 'kvm' : 'tcg,thread=multi,tb-size=128'],
    ['-cpu', accelerator === 'kvm' ? 'host' : emulatedCpu, '-smp', processors(spec), '-m', memorySize(spec, features)],
    ['-object', memory(spec, paths.ram), '-rtc', 'base=utc'],
    firmware(paths.firmware),
    Array.from({ length: fixedSlots }, (_, index) => hotPlugSlot(index)).flat(),
    disk(spec),
    spec.nics.slice(0, 1).flatMap((nic, index) => networkCard(nic, index, features, paths.loose === true)),
    screenAndInput(spec, paths, features),
    spec.balloon === false ? [] : balloon(features),
    entropy(features),
    serialAndAgent(paths),
    growth(spec, features),
    // Last of all devices: the others keep their places on the bus when a guest joins a network.
    spec.nics.slice(1).flatMap((nic, index) => networkCard(nic, index + 1, features, paths.loose === true)),
    bootArguments(spec, paths),
    paths.incoming ? ['-incoming', 'defer'] : [],
  ].flat()
}

function processArguments(paths: RunPaths, features: QemuFeatures): string[] {
  return [
    ['-nodefaults', '-no-user-config', '-msg', 'timestamp=on', '-pidfile', paths.pid],
    features.sandbox ? ['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'] : [],
    ['-chardev', listener('qmp0', paths.qmp), '-mon', 'chardev=qmp0,mode=control'],
  ].flat()
}

function memory(spec: MachineSpec, ram: RunPaths['ram']): string {
  const size = `${spec.memoryMiB}M`
  if (ram.kind === 'unnamed') return option('memory-backend-memfd', { id: 'ram0', size, share: 'on' })
  return option('memory-backend-file', { id: 'ram0', size, 'mem-path': ram.path, share: ram.share ? 'on' : 'off', ...(ram.readOnly === true ? { readonly: 'on', rom: 'off' } : {}) })
}

/** The others of `maxcpus` are plugged while the machine runs. */
function processors({ vcpus, maximumVcpus = vcpus }: MachineSpec): string {
  return maximumVcpus > vcpus ? `${vcpus},maxcpus=${maximumVcpus}` : String(vcpus)
}

function memorySize(spec: MachineSpec, features: QemuFeatures): string {
  return growthMiB(spec, features) > 0 ? `size=${spec.memoryMiB}M,maxmem=${spec.memoryMiB + growthMiB(spec, features)}M` : `${spec.memoryMiB}M`
}

/** How much memory can be added while the machine runs. */
export function growthMiB({ memoryMiB, maximumMemoryMiB = memoryMiB }: MachineSpec, features: QemuFeatures): number {
  return features.virtioMem ? Math.max(0, Math.floor((maximumMemoryMiB - memoryMiB) / growthBlockMiB) * growthBlockMiB) : 0
}

/** Memory for later: address space alone until it is asked for (QEMU, virtio-mem; `reserve=off` commits nothing). */
function growth(spec: MachineSpec, features: QemuFeatures): string[] {
  const size = growthMiB(spec, features)
  if (size === 0) return []
  return ['-object', option('memory-backend-ram', { id: 'growth', size: `${size}M`, reserve: 'off' }), '-device', option('virtio-mem-pci', { id: 'growth0', memdev: 'growth', 'requested-size': '0' })]
}

function firmware(files: RunPaths['firmware']): string[] {
  if (files === null) return []
  return [
    ['-drive', option('if=pflash', { format: 'raw', unit: '0', readonly: 'on', file: files.code })],
    ['-drive', option('if=pflash', { format: 'raw', unit: '1', file: files.variables })],
  ].flat()
}

function disk(spec: MachineSpec): string[] {
  return [
    ['-drive', option(`file=${escaped(spec.diskPath)}`, { if: 'none', id: 'disk0', format: 'qcow2', cache: 'writeback', discard: 'unmap', 'detect-zeroes': 'unmap', werror: 'stop', rerror: 'stop' })],
    ['-device', option('virtio-blk-pci', { id: 'blk0', drive: 'disk0', bootindex: '1' })],
  ].flat()
}

function hotPlugSlot(index: number): string[] {
  const { driver, ...values } = rootPort(index)
  return ['-device', option(driver, texts(values))]
}

/** Further cards bring their slots along. */
function networkCard(nic: MachineNic, index: number, features: QemuFeatures, loose: boolean): string[] {
  const { netdevs, device } = cardParts(nic, index, features, loose)
  const { driver, ...values } = device
  const netdevOptions = netdevs.flatMap(({ type, ...rest }) => ['-netdev', option(String(type), texts(rest))])
  return [...(index + 1 < fixedSlots ? [] : hotPlugSlot(index + 1)), ...netdevOptions, '-device', option(String(driver), texts(values))]
}

function screenAndInput(spec: MachineSpec, paths: RunPaths, features: QemuFeatures): string[] {
  const size = { id: 'video0', edid: 'on', xres: String(spec.screen.width), yres: String(spec.screen.height) }
  return [
    ['-display', 'none', '-vnc', option(`unix:${escaped(paths.screen)}`, { share: 'ignore' })],
    ['-device', option(features.virtioVga ? 'virtio-vga' : 'VGA', size)],
    ['-device', 'virtio-tablet-pci,id=tablet0', '-device', 'virtio-keyboard-pci,id=keyboard0'],
  ].flat()
}

function balloon(features: QemuFeatures): string[] {
  const values = { id: 'balloon0', bus: balloonSlot, ...(features.deflateOnOom ? { 'deflate-on-oom': 'on' } : {}), ...(features.freePageReporting ? { 'free-page-reporting': 'on' } : {}) }
  return features.balloon ? ['-device', option('virtio-balloon-pci', values)] : []
}

function entropy(features: QemuFeatures): string[] {
  return [['-object', 'rng-random,id=rng0,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=rng0'], features.generationId ? ['-device', 'vmgenid,guid=auto'] : []].flat()
}

function serialAndAgent(paths: RunPaths): string[] {
  return [
    ['-chardev', listener('serial0', paths.serial), '-serial', 'chardev:serial0'],
    ['-device', 'virtio-serial-pci,id=vserial0', '-chardev', listener('qga0', paths.agent)],
    ['-device', 'virtserialport,bus=vserial0.0,nr=1,id=agent0,chardev=qga0,name=org.qemu.guest_agent.0'],
  ].flat()
}

/** A warm start needs no kernel file: it is in the saved memory. A reset then boots from the disk's own loader. */
function bootArguments(spec: MachineSpec, paths: RunPaths): string[] {
  const parameters = Object.entries(spec.parameters).flatMap(([key, value]) => ['-fw_cfg', option(`name=opt/diptych/${escaped(key)}`, { string: value })])
  if (spec.boot.kind !== 'kernel' || paths.incoming) return parameters
  return [...parameters, '-kernel', spec.boot.kernelPath, '-initrd', spec.boot.initrdPath, '-append', spec.boot.commandLine]
}

function listener(id: string, path: string): string {
  return option('socket', { id, path, server: 'on', wait: 'off' })
}

function option(head: string, values: Readonly<Record<string, string>>): string {
  return [head, ...Object.entries(values).map(([key, value]) => `${key}=${escaped(value)}`)].join(',')
}

/** A QMP object as option values: nested ones with dots, as QEMU's own option parser reads them. */
function texts(values: JsonObject, prefix = ''): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]: [string, Json]): [string, string][] => {
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(texts(value, `${prefix}${key}.`))
      return [[`${prefix}${key}`, typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value)]]
    }),
  )
}

/** QEMU's option lists end a value at a comma; a doubled one stands for itself (qemu-options, "Escaping commas"). */
export function escaped(value: string): string {
  return value.replaceAll(',', ',,')
}
