import { z } from 'zod'

/**
 * What a guest's virtual hardware is made of. linux-modern: everything paravirtual. windows-modern: what Windows 8.1 and
 * later know by themselves, with UEFI, secure boot and a TPM. legacy: what systems of 2000 to 2009 know.
 */
export const HardwareProfile = z.enum(['linux-modern', 'windows-modern', 'legacy'])
export type HardwareProfile = z.infer<typeof HardwareProfile>

export const Firmware = z.enum(['bios', 'uefi'])
export type Firmware = z.infer<typeof Firmware>

/** What is tried first at power-on; the other comes next. */
export const BootFrom = z.enum(['disk', 'cdrom'])
export type BootFrom = z.infer<typeof BootFrom>
