import { oc } from '@orpc/contract'
import { z } from 'zod'
import { errors } from './error.ts'
import { GuestName } from './names.ts'
import { UploadId } from './upload.ts'

/** What a guest's agent tells when it is asked, all of it the guest's own word. A part is null when the agent cannot say. */
export const GuestInspection = z.object({
  os: z.object({ name: z.string(), version: z.string().nullable(), kernel: z.string().nullable() }).nullable(),
  hostName: z.string().nullable(),
  addresses: z.array(z.object({ mac: z.string(), ipv4: z.array(z.string()), ipv6: z.array(z.string()) })).nullable(),
  users: z.array(z.object({ name: z.string(), domain: z.string().nullable(), since: z.iso.datetime().nullable() })).nullable(),
  /** Mounted file systems that lie on disks, in bytes. */
  fileSystems: z
    .array(z.object({ mountPoint: z.string(), type: z.string(), device: z.string(), totalBytes: z.number().nullable(), freeBytes: z.number().nullable() }))
    .nullable(),
})
export type GuestInspection = z.infer<typeof GuestInspection>

/** A file of the host's computer by its full path, or one that a browser has sent (`PUT /upload/<name>`). */
export const CopySource = z.union([z.object({ path: z.string().min(1).max(4_096) }).strict(), z.object({ upload: UploadId }).strict()])
export type CopySource = z.infer<typeof CopySource>

/** Where the copy is now, how large it is, and what both sides say it is. */
export const CopiedFile = z.object({ path: z.string(), bytes: z.number(), sha256: z.string() })
export type CopiedFile = z.infer<typeof CopiedFile>

const path = z.string().min(1).max(4_096)

/** What is asked of the agent in a guest; refused with `agent-needed` when there is none. A part of `guest`. */
export const agentCalls = {
  inspect: oc
    .errors(errors)
    .input(z.object({ name: GuestName }))
    .output(GuestInspection),
  /** Copies a file into the guest: `to` is a full path there, of a file or a folder. Seen as a task. */
  copyIn: oc
    .errors(errors)
    .input(z.object({ name: GuestName, from: CopySource, to: path, overwrite: z.boolean().default(false) }))
    .output(CopiedFile),
  /** Copies a file out of the guest to a full path of the host's computer, of a file or a folder. Seen as a task. */
  copyOut: oc
    .errors(errors)
    .input(z.object({ name: GuestName, from: path, to: path, overwrite: z.boolean().default(false) }))
    .output(CopiedFile),
}

/** How a person gets the agent into a guest, one sentence. */
export function howToInstallAgent(kind: 'linux' | 'windows' | 'windows-stand-in' | 'other'): string {
  switch (kind) {
    case 'linux':
      return 'Install it in the guest: apt install qemu-guest-agent (Debian, Ubuntu), dnf install qemu-guest-agent (Fedora, RHEL), apk add qemu-guest-agent (Alpine), then start its service.'
    case 'windows':
      return 'Install it in the guest from the virtio-win disc: guest-agent\\qemu-ga-x86_64.msi, with the virtio-serial driver.'
    default:
      return 'Install qemu-guest-agent in the guest: Linux and BSD systems have a package of that name, Windows gets it from the virtio-win disc.'
  }
}
