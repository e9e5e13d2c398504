import { isOff } from '../src/contract/guest.ts'
import type { GuestName } from '../src/contract/names.ts'
import type { StageView } from '../src/contract/stage.ts'
import { demonstrationGuests, recipeOf } from '../src/guest/definition.ts'
import { progressFraction } from '../src/image/recipe.ts'
import type { Recipes } from '../src/node/image/recipes.ts'
import { Stage } from '../src/stage/stage.ts'
import { demonstrationGuest } from './demonstration.ts'
import { demandPrograms } from './doctor.ts'
import type { GuestRegistry } from './guest-registry.ts'
import type { LibraryService } from './library-service.ts'
import type { MixerService } from './mixer-service.ts'
import type { NetworkService } from './network-service.ts'
import type { Preparation } from './prepare.ts'
import type { SavedStates } from './saved-states.ts'
import { hasWarmState, saveWarmStates } from './warm.ts'

export interface DemonstrationStagePorts {
  readonly guests: GuestRegistry
  readonly library: LibraryService
  readonly recipes: Recipes
  readonly network: NetworkService
  readonly mixer: MixerService
  saved(): SavedStates
  preparation(): Preparation
  /** QEMU has been found. */
  hasEngine(): boolean
  published(view: StageView): void
}

/** The stage of the two demonstration guests: what its steps ask of whom. */
export function demonstrationStage({ guests, library, recipes, network, mixer, saved, preparation, hasEngine, published }: DemonstrationStagePorts): Stage {
  const recipeFor = async (guest: GuestName) => recipeOf(await demonstrationGuest(guests, library, guest))
  const stage: Stage = new Stage({
    guests: [
      { name: guestNamed('linux'), step: 'linux', title: 'Linux' },
      { name: guestNamed('windows'), step: 'windows', title: 'Windows stand-in (Wine)' },
    ],
    checkPackages: () => demandPrograms(),
    imageBuilt: async (guest) => {
      const recipe = await recipeFor(guest)
      return recipe === null || guests.isUp(guest) || (await recipes.find(recipe)) !== null
    },
    buildImage: async (guest, progressed, signal) => {
      const recipe = await recipeFor(guest)
      if (recipe !== null) await recipes.build(recipe, (progress) => progressed(progress.label, progressFraction(progress), progress.expectedSeconds ?? null), signal)
    },
    startNetwork: async () => {
      const client = await network.start()
      return `${client.subnet}, names below ${client.domain}`
    },
    isUp: (guest) => guests.isUp(guest),
    startGuest: async (guest, boot) => {
      await demonstrationGuest(guests, library, guest)
      const owner = guests.get(guest)
      if (owner.state === 'paused') await owner.request('resume')
      mixer.demandStart(guest, false)
      const outcome = await owner.request('start', { boot })
      const ms = owner.milestones.runningMs
      return outcome === 'already' ? 'running already' : `${owner.machine?.boot ?? ''} in ${ms === null ? '?' : (ms / 1000).toFixed(2)} s`
    },
    stopGuest: async (guest, mode) => {
      const owner = guests.find(guest)
      if (owner === undefined) return
      if (mode === 'graceful' && owner.state === 'paused') await owner.request('resume')
      await owner.request(mode === 'force' ? 'forceStop' : 'stop')
    },
    stopNetwork: async () => {
      if (guests.all().every(({ state }) => isOff(state))) await network.stop() // else others are on it
    },
    forget: (guest) => saved().forget(guest),
    hasWarmState: async (guest) => {
      const owner = guests.find(guest)
      return owner !== undefined && hasEngine() && hasWarmState(preparation(), owner.definition)
    },
    saveWarmStates: (progressed, signal) =>
      saveWarmStates({ preparation: preparation(), owners: stage.view().guests.map((name) => guests.get(name)), requests: () => network.requests(200) }, progressed, signal),
    published,
  })
  return stage
}

function guestNamed(name: string): GuestName {
  const definition = demonstrationGuests().find((guest) => guest.name === name)
  if (definition === undefined) throw new Error(`no demonstration guest ${name}`)
  return definition.name
}
