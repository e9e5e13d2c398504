import { expect, test } from 'vitest'
import { chooseAccelerator } from './accelerator.ts'

const intel = 'processor\t: 0\nflags\t\t: fpu vme vmx smx\n'
const amd = 'processor\t: 0\nflags\t\t: fpu svm nx\n'
const none = 'processor\t: 0\nflags\t\t: fpu vme nosvmx xvmx\nmodel name\t: vmx\n'

test('KVM needs the flag and the device', () => {
  expect(chooseAccelerator(intel, { usable: true })).toMatchObject({ kind: 'kvm', reason: expect.stringContaining('vmx') as string })
  expect(chooseAccelerator(amd, { usable: true })).toMatchObject({ kind: 'kvm', reason: expect.stringContaining('svm') as string })
})

test('a device without the flag is emulation (containers show /dev/kvm on hosts that cannot)', () => {
  expect(chooseAccelerator(none, { usable: true })).toMatchObject({ kind: 'tcg', reason: expect.stringContaining('no virtualization flag') as string })
})

test('a flag without the device is emulation, with the device’s reason', () => {
  expect(chooseAccelerator(intel, { usable: false, reason: '/dev/kvm is missing; load the kvm module.' })).toEqual({
    kind: 'tcg',
    reason: 'Emulation: the processor can virtualize (vmx), but /dev/kvm is missing; load the kvm module.',
  })
})
