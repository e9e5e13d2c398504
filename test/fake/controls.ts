import { unshaped } from '../../src/contract/link.ts'
import { type Remembered, SliderControls } from '../../src/resource/guest-controls.ts'
import { fakeSpec } from './machine.ts'

/** The sliders of a guest that has room to grow, at rest but for `remembered`; what they tell and write goes nowhere. */
export function fakeControls(remembered: Partial<Remembered> = {}): SliderControls {
  return new SliderControls(
    {
      guest: fakeSpec.name,
      limits: () => ({ kind: 'linux', accelerator: 'tcg', plugUnavailable: null, hostCpus: 2, vcpus: 1, maximumVcpus: 2, bootMemoryMiB: 512, maximumMemoryMiB: 1_024, cpuCapUnavailable: null, balloonUnavailable: null }),
      room: () => null,
      linkPresets: [],
      setLink: async (link) => link,
      persist: async () => undefined,
      changed: () => undefined,
      relieved: () => undefined,
      nowMs: () => Date.now(),
    },
    { vcpus: null, cpuCap: null, cpuWeight: 100, memory: null, diskIops: null, diskBandwidth: null, linkBandwidth: null, linkUp: true, link: { tx: unshaped, rx: unshaped }, ...remembered },
  )
}
