import { describe, expect, test } from 'vitest'
import { GuestName, MacAddress, NetworkName, stageNetwork } from '../../contract/names.ts'
import type { MachineNic, MachineSpec } from '../engine.ts'
import { commandLine, type RunPaths } from './command-line.ts'
import type { QemuFeatures } from './features.ts'
import { warmKeyText } from './warm-key.ts'

const spec: MachineSpec = {
  name: GuestName.parse('linux'),
  uuid: '7c3a7a52-6a0e-4f0e-9d0e-0d8a2a2f1c01',
  profile: 'linux-modern',
  vcpus: 2,
  memoryMiB: 256,
  nics: [{ kind: 'switch', mac: MacAddress.parse('52:54:00:d1:00:01'), network: stageNetwork, socketPath: '/run/sw' }],
  diskPath: '/data/a, b/disk.qcow2',
  imageId: 'sha256:1',
  boot: { kind: 'kernel', kernelPath: '/k', initrdPath: '/i', commandLine: 'quiet, console=ttyS0' },
  parameters: { url: 'http://windows/?a=1,2' },
  clipboard: 'off',
  screen: { width: 1024, height: 768 },
}
const paths: RunPaths = { qmp: '/r/qmp', agent: '/r/qga', screen: '/r/vnc', serial: '/r/ser', pid: '/r/pid', ram: { kind: 'unnamed' }, firmware: null, incoming: false }
const features: QemuFeatures = {
  version: '7.2.22',
  build: 'Debian 1:7.2+dfsg-7',
  machines: { q35: 'pc-q35-7.2', pc: 'pc-i440fx-7.2' },
  netStream: true,
  netReconnect: null,
  screenshotPng: true,
  clipboard: true,
  balloon: true,
  freePageReporting: true,
  deflateOnOom: true,
  ignoreShared: true,
  sandbox: true,
  virtioVga: true,
  generationId: true,
  virtioMem: true,
  readOnlyRam: false,
}
const withOption = (args: readonly string[], name: string) => args.flatMap((arg, at) => (args[at - 1] === name ? [arg] : []))

test('commas in values are doubled, in the kernel command line they are not', () => {
  const args = commandLine(spec, paths, features, 'tcg')
  expect(withOption(args, '-drive')[0]).toContain('file=/data/a,, b/disk.qcow2,')
  expect(withOption(args, '-fw_cfg')).toEqual(['name=opt/diptych/url,string=http://windows/?a=1,,2'])
  expect(withOption(args, '-append')).toEqual(['quiet, console=ttyS0 no_timer_check'])
  expect(withOption(commandLine(spec, paths, features, 'kvm'), '-append')).toEqual(['quiet, console=ttyS0'])
})

test('emulation takes a processor without SMAP, hardware virtualization the host’s own', () => {
  expect(withOption(commandLine(spec, paths, features, 'tcg'), '-cpu')).toEqual(['qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16'])
  expect(withOption(commandLine(spec, paths, features, 'tcg'), '-accel')).toEqual(['tcg,thread=multi,tb-size=128'])
  expect(withOption(commandLine(spec, paths, features, 'kvm'), '-cpu')).toEqual(['host'])
})

test('the disk’s data is safe from a host crash: never cache=unsafe', () => {
  expect(withOption(commandLine(spec, paths, features, 'tcg'), '-drive').join(' ')).toMatch(/cache=writeback,discard=unmap,detect-zeroes=unmap,werror=stop,rerror=stop$/)
})

test('without reconnect the NIC sits on a hub; with it, on the stream itself', () => {
  expect(withOption(commandLine(spec, paths, features, 'tcg'), '-netdev')).toEqual([
    'stream,id=n0,server=off,addr.type=unix,addr.path=/run/sw',
    'hubport,id=h0,hubid=0,netdev=n0',
    'hubport,id=nicport0,hubid=0',
  ])
  const newer = commandLine(spec, paths, { ...features, netReconnect: 'reconnect-ms' }, 'tcg')
  expect(withOption(newer, '-netdev')).toEqual(['stream,id=n0,server=off,addr.type=unix,addr.path=/run/sw,reconnect-ms=200'])
  expect(newer.join(' ')).toContain('virtio-net-pci,id=nic0,netdev=n0,bus=slot1,mac=52:54:00:d1:00:01,romfile=,host_mtu=65520')
})

const lab: MachineNic = { kind: 'switch', mac: MacAddress.parse('52:54:00:aa:00:01'), network: NetworkName.parse('lab'), socketPath: '/run/lab' }
const uplink: MachineNic = { kind: 'uplink', mac: MacAddress.parse('52:54:00:aa:00:02') }

test('each further card has a cable of its own and comes after all other devices', () => {
  const args = commandLine({ ...spec, nics: [...spec.nics, lab, uplink] }, paths, features, 'tcg')
  expect(withOption(args, '-netdev').slice(3)).toEqual(['stream,id=n1,server=off,addr.type=unix,addr.path=/run/lab', 'hubport,id=h1,hubid=1,netdev=n1', 'hubport,id=nicport1,hubid=1', 'user,id=n2'])
  expect(withOption(args, '-device').slice(-2)).toEqual(['virtio-net-pci,id=nic1,netdev=nicport1,bus=slot2,mac=52:54:00:aa:00:01,romfile=,host_mtu=65520', 'virtio-net-pci,id=nic2,netdev=n2,bus=slot3,mac=52:54:00:aa:00:02,romfile='])
  const before = withOption(commandLine(spec, paths, features, 'tcg'), '-device')
  expect(withOption(args, '-device').slice(0, before.length)).toEqual(before)
})

test('options that a QEMU lacks are left out', () => {
  const line = commandLine(spec, paths, { ...features, sandbox: false, freePageReporting: false, deflateOnOom: false, virtioVga: false, generationId: false }, 'tcg').join(' ')
  expect(line).not.toMatch(/sandbox|free-page-reporting|deflate-on-oom|virtio-vga|vmgenid/)
  expect(line).toContain('-device VGA,id=video0')
})

test('memory in a file: shared when it is to be saved, private when it was', () => {
  const object = (share: boolean) => withOption(commandLine(spec, { ...paths, ram: { kind: 'file', path: '/ram,1', share } }, features, 'tcg'), '-object')[0]
  expect(object(true)).toBe('memory-backend-file,id=ram0,size=256M,mem-path=/ram,,1,share=on')
  expect(object(false)).toMatch(/share=off$/)
})

test('a warm start waits for the state and needs no kernel', () => {
  const args = commandLine(spec, { ...paths, incoming: true }, features, 'tcg')
  expect(withOption(args, '-incoming')).toEqual(['defer'])
  expect(args).not.toContain('-kernel')
})

test('a machine that was saved at any moment of its boot is given its kernel again', () => {
  const cold = commandLine(spec, paths, features, 'tcg')
  expect(commandLine(spec, { ...paths, incoming: true, kernelAgain: true }, features, 'tcg')).toEqual([...cold, '-incoming', 'defer'])
})

const deviceOf = (args: readonly string[], id: string) => withOption(args, '-device').find((device) => device.split(',').includes(`id=${id}`))
const diskBoot: MachineSpec = { ...spec, boot: { kind: 'disk', firmware: 'uefi' }, discPath: '/iso,1' }

test('the optical drive is there when asked for, empty or not, read only, and never first unless that is wanted', () => {
  expect(deviceOf(commandLine(spec, paths, features, 'tcg'), 'cd0')).toBeUndefined()
  expect(deviceOf(commandLine({ ...spec, discPath: null }, paths, features, 'tcg'), 'cd0')).toBe('ide-cd,bus=ide.2,id=cd0,bootindex=2')
  const args = commandLine(diskBoot, paths, features, 'tcg')
  expect(withOption(args, '-drive').at(-1)).toBe('file=/iso,,1,if=none,id=cd0medium,format=raw,media=cdrom,readonly=on')
  expect(deviceOf(args, 'blk0')).toContain('bootindex=1')
  const disc = commandLine({ ...diskBoot, boot: { kind: 'disk', firmware: 'bios', first: 'cdrom' } }, paths, features, 'tcg')
  expect(deviceOf(disc, 'cd0')).toContain('bootindex=1')
  expect(deviceOf(disc, 'blk0')).toContain('bootindex=2')
})

test('windows-modern: AHCI and e1000e, or virtio with a disc of drivers; Hyper-V only under KVM; secure boot in system management mode', () => {
  const windows: MachineSpec = { ...diskBoot, profile: 'windows-modern', secureBoot: true, tpm: true }
  const args = commandLine(windows, { ...paths, firmware: { code: '/code', variables: '/vars' }, tpm: '/r/tpm' }, features, 'tcg')
  expect(deviceOf(args, 'blk0')).toMatch(/^ide-hd,bus=ide\.0/)
  expect(deviceOf(args, 'nic0')).toMatch(/^e1000e,/)
  expect(args.join(' ')).not.toMatch(/hv-|host_mtu/)
  expect(args.join(' ')).toMatch(/smm=on.*secure,value=on.*tpm-crb/)
  expect(withOption(args, '-rtc')).toEqual(['base=localtime,driftfix=slew'])
  expect(withOption(commandLine(windows, paths, features, 'kvm'), '-cpu')[0]).toMatch(/^host,hv-relaxed=on/)
  const virtio = commandLine({ ...windows, driverDiscPath: '/virtio-win.iso' }, paths, features, 'tcg')
  expect(deviceOf(virtio, 'blk0')).toMatch(/^virtio-blk-pci/)
  expect(deviceOf(virtio, 'nic0')).toMatch(/^virtio-net-pci.*host_mtu=65520/)
  expect(deviceOf(virtio, 'cd1')).toBe('ide-cd,bus=ide.3,id=cd1,drive=cd1medium')
})

test('legacy: i440FX, IDE, RTL8139, and nothing paravirtual', () => {
  const args = commandLine({ ...diskBoot, profile: 'legacy', boot: { kind: 'disk', firmware: 'bios' } }, paths, features, 'tcg')
  expect(withOption(args, '-machine')[0]).toMatch(/^pc-i440fx/)
  expect(withOption(args, '-device').filter((device) => /virtio|pcie|vmgenid|^VGA/.test(device))).toEqual([expect.stringMatching(/^VGA,id=video0/)])
  expect(deviceOf(args, 'blk0')).toBe('ide-hd,bus=ide.0,unit=0,id=blk0,drive=disk0,bootindex=1')
  expect(deviceOf(args, 'nic0')).toMatch(/^rtl8139,id=nic0,netdev=nicport0,mac=/)
  expect(deviceOf(args, 'agent0')).toBe('isa-serial,index=1,id=agent0,chardev=qga0')
})

const key = (change: Partial<MachineSpec>, change2: Partial<QemuFeatures> = {}, accelerator: 'tcg' | 'kvm' = 'tcg', cpu = 'A') =>
  warmKeyText({ ...spec, ...change }, { ...features, ...change2 }, accelerator, cpu)

test('the warm key ignores where things are', () => {
  const moved: Partial<MachineSpec> = { diskPath: '/else', nics: spec.nics.map((nic) => ({ ...nic, socketPath: '/x' })), uuid: 'other', boot: { kind: 'kernel', kernelPath: '/k2', initrdPath: '/i2', commandLine: 'quiet, console=ttyS0' } }
  expect(key(moved)).toBe(key({}))
  expect(key({ parameters: { b: '1', a: '2' } })).toBe(key({ parameters: { a: '2', b: '1' } }))
  expect(key({ clipboard: 'both' })).toBe(key({}))
  expect(key({}, {}, 'tcg', 'another host')).toBe(key({}))
})

test.each<[string, Partial<MachineSpec>, Partial<QemuFeatures>?]>([
  ['memory', { memoryMiB: 512 }],
  ['vCPUs', { vcpus: 1 }],
  ['MAC', { nics: spec.nics.map((nic) => ({ ...nic, mac: MacAddress.parse('52:54:00:d1:00:02') })) }],
  ['a further card', { nics: [...spec.nics, lab] }],
  ['an uplink', { nics: [...spec.nics, uplink] }],
  ['image', { imageId: 'sha256:2' }],
  ['parameters', { parameters: {} }],
  ['screen', { screen: { width: 800, height: 600 } }],
  ['QEMU version', {}, { version: '8.0.0' }],
  ['QEMU build', {}, { build: 'Debian 1:7.2+dfsg-8' }],
  ['a device', {}, { generationId: false }],
])('the warm key changes with %s', (_, change, other) => {
  expect(key(change, other)).not.toBe(key({}))
})

test('under KVM the warm key changes with the host’s processor', () => {
  expect(key({}, {}, 'kvm', 'A')).not.toBe(key({}, {}, 'kvm', 'B'))
})

describe('room to grow', () => {
  const roomy: MachineSpec = { ...spec, vcpus: 1, memoryMiB: 512, maximumVcpus: 4, maximumMemoryMiB: 1_025 }
  test('vCPUs and memory that are plugged while it runs have their places kept, in whole blocks', () => {
    const args = commandLine(roomy, paths, features, 'kvm')
    expect(withOption(args, '-smp')).toEqual(['1,maxcpus=4'])
    expect(withOption(args, '-m')).toEqual(['size=512M,maxmem=1024M'])
    expect(withOption(args, '-object')).toContainEqual(expect.stringContaining('id=growth,size=512M,reserve=off'))
    expect(withOption(args, '-device')).toContainEqual(expect.stringContaining('virtio-mem-pci,id=growth0'))
  })
  test('under emulation all vCPUs are there from the start, for a kernel that can be told to begin with fewer', () => {
    const args = commandLine(roomy, paths, features, 'tcg')
    expect([withOption(args, '-smp'), withOption(args, '-append')]).toEqual([['4'], ['quiet, console=ttyS0 no_timer_check maxcpus=1']])
    expect(withOption(commandLine({ ...roomy, boot: { kind: 'disk', firmware: 'bios' } }, paths, features, 'tcg'), '-smp')).toEqual(['1'])
  })
  test('none is kept without a wish for it, nor where QEMU cannot', () => {
    for (const args of [commandLine({ ...spec, memoryMiB: 512 }, paths, features, 'tcg'), commandLine(roomy, paths, { ...features, virtioMem: false }, 'tcg')]) {
      expect(withOption(args, '-m')).toEqual(['512M'])
      expect(args.join(' ')).not.toContain('virtio-mem')
    }
  })
})
