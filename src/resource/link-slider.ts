import type { ControlChange } from '../contract/control.ts'
import { unshaped, type LinkPreset, type LinkShape, type LinkView } from '../contract/link.ts'
import type { GuestName } from '../contract/names.ts'
import { Refusal } from '../contract/refusal.ts'
import { changeShape, isSameShape, tighterRate } from './link-shape.ts'

export interface LinkPorts {
  readonly guest: GuestName
  readonly linkPresets: readonly LinkPreset[]
  setLink(link: LinkShape & { up: boolean }): Promise<LinkShape & { up: boolean }>
}

/** A link as it is asked for. */
export interface LinkWish {
  readonly up: boolean
  readonly shape: LinkShape
}

/** One guest's link to its network: what is asked of it, and what the switch has in force. */
export class LinkSlider {
  readonly #ports: LinkPorts
  #wish: LinkWish
  #effective: LinkShape = { tx: unshaped, rx: unshaped }

  constructor(ports: LinkPorts, wish: LinkWish) {
    this.#ports = ports
    this.#wish = wish
  }

  get wish(): LinkWish {
    return this.#wish
  }

  /** The tighter of both directions' rates in force. */
  get rateInForce(): number | null {
    return tighterRate(this.#effective)
  }

  view(running: boolean): LinkView {
    const { up, shape: requested } = this.#wish
    const preset = this.#ports.linkPresets.find((each) => each.up === up && isSameShape(each, requested))
    return { requested, effective: running ? this.#effective : requested, preset: preset?.name ?? null }
  }

  /** The link as it would be after the change; null when the change does not concern it. Throws Refusal for a preset that is not known. */
  after(change: ControlChange): LinkWish | null {
    if (change.linkUp === undefined && change.linkBandwidth === undefined && change.link === undefined) return null
    const name = change.link?.preset
    const presets = this.#ports.linkPresets
    const preset = presets.find((each) => each.name === name)
    if (name !== undefined && preset === undefined) {
      throw new Refusal('out-of-range', this.#ports.guest, `there is no link preset "${name}"`, `choose one of: ${presets.map((each) => each.name).join(', ')}`)
    }
    const shape = changeShape(this.#wish.shape, { ...change.link, preset, bitsPerSecond: change.linkBandwidth })
    return { up: change.linkUp ?? preset?.up ?? this.#wish.up, shape }
  }

  async apply(wish: LinkWish): Promise<void> {
    const { up, tx, rx } = await this.#ports.setLink({ up: wish.up, ...wish.shape })
    this.#wish = { ...wish, up }
    this.#effective = { tx, rx }
  }
}
