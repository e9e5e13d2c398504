import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ExportService } from '../../../main/export-service.ts'
import { TaskService } from '../../../main/task-service.ts'
import { ExportImage } from '../../../src/contract/image.ts'
import type { GuestState } from '../../../src/contract/guest.ts'
import { demonstrationGuests } from '../../../src/guest/definition.ts'
import type { GuestHold, RequestOptions } from '../../../src/guest/carry-out.ts'
import type { GuestOwner } from '../../../src/guest/owner.ts'
import { GuestFolders } from '../../../src/node/guest-folders.ts'
import { PartialFiles } from '../../../src/node/image/partial-file.ts'
import { FakeMachine } from '../../fake/machine.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'diptych-export-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it.each(['done', 'failed'])("%s: a running guest's copy is gone with its folder", async (outcome) => {
  const [definition = expect.fail('no definition')] = demonstrationGuests()
  const disk = join(folder, 'guest', 'disk.qcow2')
  const target = join(folder, 'out.qcow2')
  mkdirSync(join(folder, 'guest'))
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', disk, '8M'])
  const machine = new FakeMachine()
  machine.agentAnswers = false
  machine.beginDiskCopy = async (path) => {
    copyFileSync(disk, path)
    return { caughtUp: async () => undefined, take: async () => void (outcome === 'failed' && writeFileSync(target, 'somebody was faster')), abandon: async () => undefined }
  }
  const hold = { machine: () => machine, state: async (): Promise<GuestState> => 'running' } as unknown as GuestHold // what the copy asks of it
  const owner = { definition, machine, state: 'running', agentState: 'absent', request: async (_: string, { work }: RequestOptions = {}) => (await work?.(hold), 'done') } as unknown as GuestOwner // what an export asks of it
  const left: string[][] = []
  const folders = new GuestFolders(join(folder, 'guests'))
  const service = new ExportService({
    tasks: new TaskService(),
    partials: new PartialFiles(join(folder, 'notes')),
    scratch: () => {
      const scratch = folders.begin()
      return { folder: scratch, discard: async () => (await folders.discard(scratch), void left.push(readdirSync(folders.root))) }
    },
    message: () => undefined,
    usersOf: async () => [],
    owner: () => owner,
    guestFolder: () => join(folder, 'guest'),
  })
  const exporting = service.export(ExportImage.parse({ name: definition.name, format: 'qcow2', path: target }), undefined)
  if (outcome === 'done') expect(await exporting).toMatchObject({ path: target, virtualBytes: 8 << 20 })
  else await expect(exporting).rejects.toMatchObject({ code: 'already-exists' })
  expect(left).toEqual([[]])
})
