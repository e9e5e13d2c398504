import { implement } from '@orpc/server'
import type { CreateGuest, GuestProposal } from '../../../src/contract/creation.ts'
import { image, type ImageDisk, type ImageReport } from '../../../src/contract/image.ts'
import { type EditPlan, type GuestSettings, type GuestSettingsView, type SettingName, SettingName as settingNames, type SettingsChange } from '../../../src/contract/guest-settings.ts'
import { library } from '../../../src/contract/library.ts'
import { isOff } from '../../../src/contract/guest.ts'
import { GuestName, stageNetwork } from '../../../src/contract/names.ts'
import { disc } from '../../../src/contract/disc.ts'
import { os } from '../../../src/contract/os.ts'
import { template } from '../../../src/contract/template.ts'
import { trash } from '../../../src/contract/trash.ts'
import { demandUnneeded, type Thrower } from './snapshot-routes.ts'
import { type FakeGuest, makeGuest, updateOf } from './views.ts'
import type { World } from './world.ts'

interface Tools {
  find(name: string, errors: Thrower): FakeGuest
  screenshot(guest: FakeGuest): { png: string; width: number; height: number }
}

const workMs = 900
const usual = { vcpus: 2, memoryMiB: 2_048, diskMiB: 20_480, source: 'usual' } as const
const on = implement({ disc, image, library, os, template, trash })

/** What a file is, told by its name alone: this host has none. */
function reportOf(name: string): ImageReport {
  const format = /\.(iso|vmdk|ova|qcow2)$/.exec(name)?.[1] as 'iso' | 'vmdk' | 'ova' | 'qcow2' | undefined
  const refused = name.includes('hostile') ? { reason: 'its header names the backing file /etc/shadow, outside its own folder', remedy: 'Convert it with a program you trust, or remove the reference.' } : null
  const disks: ImageDisk[] = [{ file: name, format: format ?? 'raw', variant: 'streamOptimized', virtualBytes: 21_474_836_480, fileBytes: 1_812_000_000 }]
  return {
    source: name,
    format: format ?? null,
    what: format === 'iso' ? 'Installation disc, Debian 12.8.0 amd64' : format === 'ova' ? 'Machine (OVA) of one disk' : 'VMDK disk, streamOptimized',
    machine: refused !== null || format === 'iso' ? null : { name: GuestName.parse('imported'), title: 'Imported', os: 'Windows XP', kind: 'windows' as const, vcpus: 1, memoryMiB: 1024, firmware: 'bios' as const, networks: [stageNetwork], disks, disc: null },
    warnings: format === 'ova' ? ['Its sound card is left out.'] : [],
    refusal: refused,
  }
}

function propose({ from, ...said }: CreateGuest): GuestProposal {
  const name = from.kind === 'iso' ? 'debian' : from.kind === 'template' ? `${from.template}-1` : from.kind === 'disk' ? 'imported' : 'guest'
  return {
    name: said.name ?? GuestName.parse(name),
    title: said.title ?? (from.kind === 'iso' ? 'Debian 12' : 'New guest'),
    kind: 'linux',
    os: from.kind === 'iso' ? 'Debian 12 (bookworm)' : 'Another system',
    system: from.kind === 'iso' ? 'debian12' : null,
    profile: said.profile ?? 'linux-modern',
    firmware: 'bios',
    vcpus: said.vcpus ?? 2,
    memoryMiB: said.memoryMiB ?? 2_048,
    diskMiB: from.kind === 'iso' || from.kind === 'empty' ? (said.diskMiB ?? 20_480) : null,
    notes: from.kind === 'iso' ? ['Memory and disk are what the osinfo database recommends for Debian 12.'] : [],
  }
}

export function libraryRoutes(world: World, { find, screenshot }: Tools) {
  const routes = on.library
  const add = (name: GuestName, title: string) => {
    const guest = Object.assign(makeGuest(name, title, 'linux', world.guests.length), { state: 'defined', agent: 'absent' })
    world.addGuest(guest)
    return guest
  }
  const purge = (id: string) => {
    world.snapshots.left(id, 'gone')
    return world.library.purge(id)
  }
  return {
    guest: {
      propose: routes.propose.handler(({ input }) => propose(input)),
      create: routes.create.handler(async ({ input }) => {
        const { name, title } = propose(input)
        await world.tasks.run('create', `Making ${title}`, null, workMs)
        return { guest: updateOf(add(name, title)), notes: [] }
      }),
      settings: routes.settings.handler(({ input, errors }) => settingsOf(find(input.name, errors))),
      planEdit: routes.planEdit.handler(({ input, errors }) => planOf(find(input.name, errors), input.changes)),
      edit: routes.edit.handler(({ input, errors }) => {
        const guest = find(input.name, errors)
        const plan = planOf(guest, input.changes)
        world.change(guest, input.changes.title === undefined ? {} : { title: input.changes.title })
        return { guest: updateOf(guest), plan }
      }),
      rename: routes.rename.handler(({ input, errors }) => updateOf(find(input.name, errors))),
      delete: routes.delete.handler(({ input, errors }) => {
        const guest = find(input.name, errors)
        demandUnneeded(world, guest.name, (part) => part.guest === guest.name && part.place === 'guest', input.force, errors)
        world.removeGuest(guest)
        const item = world.library.throwAway(guest)
        world.snapshots.thrownAway(guest.name, item.id)
        return item
      }),
      growDisk: routes.growDisk.handler(({ input, errors }) => settingsOf(find(input.name, errors))),
    },
    os: {
      list: on.os.list.handler(() => ({ systems: [], note: 'The osinfo database is not installed.' })),
      detect: on.os.detect.handler(() => ({ system: null, resources: usual, label: null, bootable: true, note: null })),
      resources: on.os.resources.handler(() => usual),
    },
    disc: {
      list: on.disc.list.handler(() => world.library.discs),
      watch: on.disc.watch.handler(({ signal }) => world.library.discEvents.stream([world.library.discs], signal)),
      keep: on.disc.keep.handler(() => world.library.keepDisc('uploaded.iso')),
      delete: on.disc.delete.handler(({ input }) => ({ freedBytes: world.library.deleteDisc(input.id) })),
    },
    trash: {
      list: on.trash.list.handler(() => world.library.trash),
      watch: on.trash.watch.handler(({ signal }) => world.library.trashEvents.stream([world.library.trash], signal)),
      restore: on.trash.restore.handler(({ input, errors }) => {
        const guest = world.library.takeBack(input.id)
        if (guest === undefined) throw errors.NOT_FOUND({ data: { noun: 'item of the trash', name: input.id, known: [] } })
        world.addGuest(guest)
        world.snapshots.left(input.id, 'guest')
        return updateOf(guest)
      }),
      purge: on.trash.purge.handler(({ input, errors }) => {
        demandUnneeded(world, input.id, (part) => part.trash === input.id, input.force, errors)
        return { freedBytes: purge(input.id) }
      }),
      empty: on.trash.empty.handler(({ input, errors }) => {
        demandUnneeded(world, 'what is in the trash', (part) => part.trash !== null, input.force, errors)
        const items = world.library.trash
        return { freedBytes: items.map(({ id }) => purge(id)).reduce((sum, bytes) => sum + bytes, 0), purged: items.length }
      }),
    },
    image: {
      inspect: on.image.inspect.handler(({ input }) => reportOf('path' in input.source ? input.source.path : 'uploaded.iso')),
      import: on.image.import.handler(async ({ input }) => {
        await world.tasks.run('import', 'Importing a disk', null, workMs)
        return { guest: updateOf(add(input.name ?? GuestName.parse('imported'), input.title ?? 'Imported')), warnings: [] }
      }),
      export: on.image.export.handler(async ({ input, errors }) => {
        await world.tasks.run('export', `Exporting ${input.name}`, find(input.name, errors).name, workMs)
        return { path: input.path, format: input.format, fileBytes: 1_200_000_000, virtualBytes: 8 * 2 ** 30, takenAt: null, warnings: [] }
      }),
    },
    template: {
      list: on.template.list.handler(() => world.library.templates),
      watch: on.template.watch.handler(({ signal }) => world.library.templateEvents.stream([world.library.templates], signal)),
      make: on.template.make.handler(async ({ input, errors }) => {
        const guest = find(input.guest, errors)
        await world.tasks.run('template', `A template of ${guest.name}`, guest.name, workMs)
        return world.library.addTemplate(guest, input.name ?? guest.name, input.title ?? guest.title, guest.state === 'running' && input.kind !== 'cold' ? 'live' : 'cold')
      }),
      retitle: on.template.retitle.handler(({ input, errors }) => knownTemplate(world, input.name, errors)),
      delete: on.template.delete.handler(({ input, errors }) => {
        const { diskBytes } = knownTemplate(world, input.name, errors)
        world.library.setTemplates(world.library.templates.filter((each) => each.name !== input.name))
        return { freedBytes: diskBytes }
      }),
      thumbnail: on.template.thumbnail.handler(({ input, errors }) => {
        const { guest } = knownTemplate(world, input.name, errors)
        return screenshot(world.find(guest) ?? makeGuest(guest, guest, 'linux', 0))
      }),
      clone: on.template.clone.handler(({ input }) => {
        const source = 'template' in input.from ? input.from.template : input.from.guest
        const guests = Array.from({ length: input.count }, (_, index) => add(GuestName.parse(input.name ?? `${source}-${index + 1}`), `${source} ${index + 1}`))
        if (input.start) for (const guest of guests) world.start(guest)
        return { guests: guests.map((guest) => updateOf(guest)), milliseconds: 320 }
      }),
      flatten: on.template.flatten.handler(async ({ input, errors }) => {
        const guest = find(input.guest, errors)
        await world.tasks.run('flatten', `Making the disk of ${guest.name} stand alone`, guest.name, workMs)
        return updateOf(guest)
      }),
      startFresh: on.template.startFresh.handler(({ input, errors }) => {
        const guest = find(input.guest, errors)
        world.start(guest)
        return updateOf(guest)
      }),
    },
  }
}

function knownTemplate(world: World, name: string, errors: Thrower) {
  const found = world.library.templates.find((each) => each.name === name)
  if (found === undefined) throw errors.NOT_FOUND({ data: { noun: 'template', name, known: world.library.templates.map((each) => each.name) } })
  return found
}

function settingsOf(guest: FakeGuest): GuestSettingsView {
  const settings: GuestSettings = {
    name: guest.name,
    title: guest.title || guest.name,
    kind: guest.kind,
    os: 'Debian GNU/Linux',
    profile: 'linux-modern',
    firmware: 'bios',
    bootFrom: 'disk',
    secureBoot: false,
    tpm: false,
    vcpus: 2,
    memoryMiB: 1_024,
    screen: { width: 1280, height: 800 },
    clipboard: guest.clipboard,
    cdrom: null,
    driverDisc: null,
    parameters: {},
  }
  return { settings, hash: 'fake', path: `/home/person/.local/share/diptych/guests/${guest.name}/guest.yaml`, origin: { kind: 'own', name: null }, disk: { virtualMiB: 20_480, usedMiB: 1_320 } }
}

const live: readonly SettingName[] = ['title', 'clipboard', 'cdrom']

function planOf(guest: FakeGuest, changes: SettingsChange): EditPlan {
  const { settings } = settingsOf(guest)
  const off = isOff(guest.state)
  const planned = settingNames.options.flatMap((field) => {
    const to = changes[field]
    if (to === undefined || to === settings[field]) return []
    const when = field === 'name' && !off ? ('refused' as const) : live.includes(field) || off ? ('live' as const) : ('next-boot' as const)
    return [{ field, from: String(settings[field]), to: String(to), when, note: when === 'refused' ? 'A guest has to be off to be renamed.' : null }]
  })
  return { changes: planned, allowed: planned.every(({ when }) => when !== 'refused'), hash: 'fake' }
}
