import type { MachineNic, MachineSpec } from '../engine.ts'
import type { QemuFeatures } from './features.ts'
import { type Accelerator, type Hardware, discDrive } from './hardware.ts'
import type { Json, JsonObject } from './json.ts'
import { growthBlockMiB } from './memory.ts'
import { cardParts, fittingCard } from './network-card.ts'
import { balloonSlot, fixedSlots, rootPort } from './pci-slots.ts'
import { hardwareOf, hasBalloon } from './profile.ts'

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
  /** Where the emulated TPM listens. */
  readonly tpm?: string
  /** Wait for device state over QMP `migrate-incoming` instead of powering on. */
  readonly incoming: boolean
  /**
   * A machine whose state comes in is given its kernel all the same: it may have been saved before its firmware had read it.
   * QEMU puts nothing of it into the memory that comes in (rom_reset of hw/core/loader.c).
   */
  readonly kernelAgain?: boolean
  /** loose: the cards' cables lead nowhere. later: the cards' slots are there and empty. */
  readonly cards?: 'loose' | 'later'
}

/**
 * The arguments after the binary's name (QEMU, docs/system/invocation). Saved states depend on the order and ids of
 * the devices, so a change here changes the warm key by itself. Clipboard devices are plugged at run time instead:
 * QEMU refuses to save a machine that has one.
 */
export function commandLine(spec: MachineSpec, paths: RunPaths, features: QemuFeatures, accelerator: Accelerator): string[] {
  const hardware = hardwareOf(spec, features, accelerator)
  const [type, options] = hardware.machine
  return [
    ['-name', option(`guest=${escaped(spec.name)}`, { 'debug-threads': 'on' }), '-uuid', spec.uuid],
    processArguments(paths, features),
    ['-machine', option(type, { 'memory-backend': 'ram0', ...options }), ...hardware.globals.flatMap((global) => ['-global', global])],
    ['-accel', accelerator === 'kvm' ? 'kvm' : 'tcg,thread=multi,tb-size=128'],
    ['-cpu', hardware.cpu, '-smp', processors(spec, accelerator), '-m', memorySize(spec, features)],
    ['-object', memory(spec, paths.ram), '-rtc', hardware.clock],
    firmware(paths.firmware),
    hardware.hasSlots ? Array.from({ length: fixedSlots }, (_, index) => hotPlugSlot(index)).flat() : [],
    disk(spec, hardware),
    discs(spec, hardware),
    spec.nics.slice(0, 1).flatMap((nic, index) => networkCard(nic, index, features, hardware, paths.cards)),
    screenAndInput(spec, paths, hardware),
    hasBalloon(spec, features) ? balloon(features) : [],
    hardware.isParavirtual ? entropy(features) : [],
    serialAndAgent(paths, hardware),
    securityChip(paths.tpm),
    growth(spec, features),
    // Last of all devices: the others keep their places on the bus when a guest joins a network.
    spec.nics.slice(1).flatMap((nic, index) => networkCard(nic, index + 1, features, hardware, paths.cards)),
    bootArguments(spec, paths, accelerator),
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

/**
 * The others of `maxcpus` are plugged while the machine runs. Never under emulation: a vCPU's thread claims a part of the
 * code buffer when it begins, and QEMU 7.2 aborts when all parts are taken, as they are once a guest has worked for a while
 * (tcg/region.c, tcg_region_initial_alloc, seen here). There a kernel of ours finds all of them at the start and begins with
 * `vcpus`; any other guest would use what it finds, and gets no more than `vcpus`.
 */
function processors(spec: MachineSpec, accelerator: Accelerator): string {
  const { vcpus, maximumVcpus = vcpus } = spec
  if (accelerator === 'tcg') return String(spec.boot.kind === 'kernel' ? Math.max(vcpus, maximumVcpus) : vcpus)
  return maximumVcpus > vcpus ? `${vcpus},maxcpus=${maximumVcpus}` : String(vcpus)
}

/**
 * Linux brings up `maxcpus` at its start; the others wait until they are brought online. Emulated on a busy computer it
 * hears too few of its timer's ticks in the time it gives them, and takes the timer for broken (`IO-APIC + timer doesn't
 * work!`, seen here at a load of 20): it is told not to look (Documentation/admin-guide/kernel-parameters).
 */
function kernelCommandLine(text: string, { vcpus, maximumVcpus = vcpus }: MachineSpec, accelerator: Accelerator): string {
  if (accelerator !== 'tcg') return text
  return [text, 'no_timer_check', ...(maximumVcpus > vcpus ? [`maxcpus=${vcpus}`] : [])].join(' ')
}

function memorySize(spec: MachineSpec, features: QemuFeatures): string {
  return growthMiB(spec, features) > 0 ? `size=${spec.memoryMiB}M,maxmem=${spec.memoryMiB + growthMiB(spec, features)}M` : `${spec.memoryMiB}M`
}

/** How much memory can be added while the machine runs. */
export function growthMiB({ profile, memoryMiB, maximumMemoryMiB = memoryMiB }: MachineSpec, features: QemuFeatures): number {
  return features.virtioMem && profile !== 'legacy' ? Math.max(0, Math.floor((maximumMemoryMiB - memoryMiB) / growthBlockMiB) * growthBlockMiB) : 0
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

function disk(spec: MachineSpec, { disk: device }: Hardware): string[] {
  return [
    ['-drive', option(`file=${escaped(spec.diskPath)}`, { if: 'none', id: 'disk0', format: 'qcow2', cache: 'writeback', discard: 'unmap', 'detect-zeroes': 'unmap', werror: 'stop', rerror: 'stop' })],
    deviceArguments({ ...device, id: 'blk0', drive: 'disk0', bootindex: bootsFromDisc(spec) ? '2' : '1' }),
  ].flat()
}

/** The optical drive, which may be empty, and the one with a disc of drivers. Discs are read, never written, and taken for raw whatever is in them. */
function discs(spec: MachineSpec, { discs: [first, second] }: Hardware): string[] {
  const drive = (id: string, path: string | null | undefined, device: JsonObject, bootindex: string | undefined): string[] => {
    if (path === undefined) return []
    const medium = path === null ? [] : ['-drive', option(`file=${escaped(path)}`, { if: 'none', id: `${id}medium`, format: 'raw', media: 'cdrom', readonly: 'on' })]
    return [...medium, ...deviceArguments({ ...device, id, ...(path === null ? {} : { drive: `${id}medium` }), ...(bootindex === undefined ? {} : { bootindex }) })]
  }
  return [...drive(discDrive, spec.discPath, first, bootsFromDisc(spec) ? '1' : '2'), ...drive('cd1', spec.driverDiscPath ?? undefined, second, undefined)]
}

function bootsFromDisc({ boot }: MachineSpec): boolean {
  return boot.kind === 'disk' && boot.first === 'cdrom'
}

function hotPlugSlot(index: number): string[] {
  return deviceArguments(rootPort(index))
}

function deviceArguments({ driver, ...values }: JsonObject): string[] {
  return ['-device', option(String(driver), texts(values))]
}

/** Further cards bring their slots along. */
function networkCard(nic: MachineNic, index: number, features: QemuFeatures, hardware: Hardware, cards: RunPaths['cards']): string[] {
  const slot = index + 1 < fixedSlots || !hardware.hasSlots ? [] : hotPlugSlot(index + 1)
  if (cards === 'later') return slot
  const { netdevs, device } = cardParts(nic, index, features, cards === 'loose')
  const netdevOptions = netdevs.flatMap(({ type, ...values }) => ['-netdev', option(String(type), texts(values))])
  return [...slot, ...netdevOptions, ...deviceArguments(fittingCard(device, hardware))]
}

function screenAndInput(spec: MachineSpec, paths: RunPaths, { video, input }: Hardware): string[] {
  const { driver, ...values } = video
  const size = { id: 'video0', edid: 'on', xres: String(spec.screen.width), yres: String(spec.screen.height), ...texts(values) }
  return [['-display', 'none', '-vnc', option(`unix:${escaped(paths.screen)}`, { share: 'ignore' })], ['-device', option(String(driver), size)], ...input.map(deviceArguments)].flat()
}

function balloon(features: QemuFeatures): string[] {
  const values = { id: 'balloon0', bus: balloonSlot, ...(features.deflateOnOom ? { 'deflate-on-oom': 'on' } : {}), ...(features.freePageReporting ? { 'free-page-reporting': 'on' } : {}) }
  return features.balloon ? ['-device', option('virtio-balloon-pci', values)] : []
}

function entropy(features: QemuFeatures): string[] {
  return [['-object', 'rng-random,id=rng0,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=rng0'], features.generationId ? ['-device', 'vmgenid,guid=auto'] : []].flat()
}

/** Without virtio the agent speaks over the second serial port. */
function serialAndAgent(paths: RunPaths, { isParavirtual }: Hardware): string[] {
  return [
    ['-chardev', listener('serial0', paths.serial), '-serial', 'chardev:serial0'],
    isParavirtual ? ['-device', 'virtio-serial-pci,id=vserial0'] : [],
    ['-chardev', listener('qga0', paths.agent)],
    ['-device', isParavirtual ? 'virtserialport,bus=vserial0.0,nr=1,id=agent0,chardev=qga0,name=org.qemu.guest_agent.0' : 'isa-serial,index=1,id=agent0,chardev=qga0'],
  ].flat()
}

/** A TPM 2.0, emulated by a process of its own behind that socket (QEMU, docs/specs/tpm). */
function securityChip(socketPath: string | undefined): string[] {
  if (socketPath === undefined) return []
  return ['-chardev', option('socket', { id: 'tpm0c', path: socketPath }), '-tpmdev', 'emulator,id=tpm0,chardev=tpm0c', '-device', 'tpm-crb,tpmdev=tpm0']
}

/** A warm start needs no kernel file, which takes its time to read: it is in the saved memory. A reset then boots from the disk's own loader. */
function bootArguments(spec: MachineSpec, paths: RunPaths, accelerator: Accelerator): string[] {
  const parameters = Object.entries(spec.parameters).flatMap(([key, value]) => ['-fw_cfg', option(`name=opt/diptych/${escaped(key)}`, { string: value })])
  if (spec.boot.kind !== 'kernel' || (paths.incoming && paths.kernelAgain !== true)) return parameters
  return [...parameters, '-kernel', spec.boot.kernelPath, '-initrd', spec.boot.initrdPath, '-append', kernelCommandLine(spec.boot.commandLine, spec, accelerator)]
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
