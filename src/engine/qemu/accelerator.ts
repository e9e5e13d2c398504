/** Whether /dev/kvm can be opened for reading and writing; the reason names what stands in the way. */
export type KvmDevice = { readonly usable: true } | { readonly usable: false; readonly reason: string }

/**
 * KVM needs both the processor's flag and the device: a container may show /dev/kvm on a machine without the flag,
 * where QEMU would fail at start. `cpuInfo` is the text of /proc/cpuinfo.
 */
export function chooseAccelerator(cpuInfo: string, kvm: KvmDevice): { kind: 'kvm' | 'tcg'; reason: string } {
  const flag = /^flags\s*:.*\b(vmx|svm)\b/m.exec(cpuInfo)?.[1]
  if (flag === undefined) {
    return { kind: 'tcg', reason: 'Emulation: this processor shows no virtualization flag (vmx or svm); turn it on in the firmware, or allow nested virtualization.' }
  }
  if (!kvm.usable) return { kind: 'tcg', reason: `Emulation: the processor can virtualize (${flag}), but ${kvm.reason}` }
  return { kind: 'kvm', reason: `Hardware virtualization (${flag}) through /dev/kvm.` }
}
