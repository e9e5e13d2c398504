import type { CreateFrom, CreateGuest } from '../../src/contract/creation.ts'
import type { HardwareProfile } from '../../src/contract/hardware.ts'
import type { ImageReport, ImageSource, ImportMode } from '../../src/contract/image.ts'
import { Vcpus } from '../../src/contract/guest-settings.ts'
import { GuestName } from '../../src/contract/names.ts'

/** What a person has said of a new guest so far; null is left to the host. */
export interface Draft {
  readonly origin: 'file' | 'template' | 'empty'
  readonly template: string | null
  readonly mode: ImportMode
  readonly name: string | null
  readonly title: string | null
  readonly memoryMiB: number | null
  readonly vcpus: number | null
  readonly diskMiB: number | null
  readonly profile: HardwareProfile | null
  readonly start: boolean
}

export const emptyDraft: Draft = { origin: 'file', template: null, mode: 'copy', name: null, title: null, memoryMiB: null, vcpus: null, diskMiB: null, profile: null, start: true }

/** What the guest is made from; null while that is not known yet, or would be refused. A disc with a path installs onto an empty disk. */
export function originOf(draft: Pick<Draft, 'origin' | 'template' | 'mode'>, source: ImageSource | null, report: ImageReport | null): CreateFrom | null {
  if (draft.origin === 'empty') return { kind: 'empty' }
  if (draft.origin === 'template') {
    const template = GuestName.safeParse(draft.template)
    return template.success ? { kind: 'template', template: template.data } : null
  }
  if (source === null || report === null || report.refusal !== null) return null
  if (report.format === 'iso' && 'path' in source) return { kind: 'iso', path: source.path }
  return { kind: 'disk', source, mode: 'path' in source ? draft.mode : 'copy' }
}

/** What is wrong with a number of vCPUs; null is left to the host. */
export function vcpusProblem(vcpus: number | null): string | null {
  return vcpus === null || Vcpus.safeParse(vcpus).success ? null : 'Type a whole number from 1 to 64.'
}

/** The request that makes the guest. A value that is none yet is left out, so that the rest can be proposed meanwhile. */
export function requestOf(draft: Draft, from: CreateFrom): CreateGuest {
  const name = GuestName.safeParse(draft.name)
  const newDisk = from.kind === 'iso' || from.kind === 'empty'
  return {
    from,
    ...(name.success ? { name: name.data } : {}),
    ...(draft.title === null || draft.title === '' ? {} : { title: draft.title }),
    ...(draft.memoryMiB === null ? {} : { memoryMiB: draft.memoryMiB }),
    ...(draft.vcpus === null || vcpusProblem(draft.vcpus) !== null ? {} : { vcpus: draft.vcpus }),
    ...(draft.diskMiB === null || !newDisk ? {} : { diskMiB: draft.diskMiB }),
    ...(draft.profile === null ? {} : { profile: draft.profile }),
  }
}
