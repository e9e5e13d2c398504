import type { SetupStep } from '../../../src/contract/stage.ts'
import type { World } from './world.ts'

const titles: readonly (readonly [SetupStep['id'], string, string])[] = [
  ['packages', 'System packages', 'QEMU, disk tools and firmware are installed.'],
  ['guest:linux', 'The Linux guest', 'Debian packages unpacked into its disk.'],
  ['guest:windows', 'The Windows stand-in (Wine)', 'Wine and the Win32 programs added to the same base.'],
  ['network', 'The private network', 'Switch, addresses and names are up.'],
  ['start:linux', 'Start Linux', 'Its desktop is on screen.'],
  ['start:windows', 'Start the Windows stand-in', 'Its desktop is on screen.'],
  ['warm', 'Keep both warm', 'The next start takes seconds.'],
]

export function waitingSteps(): SetupStep[] {
  return titles.map(([id, title, detail]) => ({ id, title, status: 'waiting', detail, fraction: null, expectedSeconds: null, remedy: null }))
}

/** Plays the first run: each step takes `secondsPerStep`; both guests run at the end. `stageStatus` other than working stops it. */
export async function playFirstRun(world: World, secondsPerStep: number): Promise<void> {
  world.stageStatus = 'working'
  for (const [index, step] of world.steps.entries()) {
    if (step.status === 'done') continue
    step.status = 'running'
    for (let part = 0; part <= 20; part += 1) {
      if (world.stageStatus !== 'working') {
        step.status = 'cancelled'
        world.tellStage()
        return
      }
      step.fraction = step.id === 'network' ? null : part / 20
      step.expectedSeconds = (1 - part / 20) * secondsPerStep
      step.detail = detailFor(step.id, part / 20)
      world.tellStage()
      await new Promise((resolve) => setTimeout(resolve, secondsPerStep * 50))
    }
    step.status = 'done'
    step.fraction = 1
    step.expectedSeconds = null
    step.detail = titles[index]?.[2] ?? ''
    const started = world.guests.find((guest) => step.id === `start:${guest.name}`)
    if (started !== undefined) world.start(started)
  }
  world.stageStatus = 'ready'
  world.tellStage()
}

function detailFor(id: SetupStep['id'], fraction: number): string {
  if (id === 'packages') return `Installing qemu-system-x86, ovmf, qemu-utils`
  if (id === 'guest:linux') return `${Math.round(fraction * 412)} of 412 MiB unpacked`
  if (id === 'guest:windows') return `${Math.round(fraction * 688)} of 688 MiB unpacked`
  if (id === 'warm') return 'Saving the memory of both'
  return 'Working'
}
