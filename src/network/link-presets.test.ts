import { expect, it } from 'vitest'
import { ControlRequest } from './control-protocol.ts'
import { LINK_PRESETS } from './link-presets.ts'

it.each(Object.entries(LINK_PRESETS))('the switch takes the preset %s', (_name, { up, tx, rx }) => {
  const request = { id: 1, method: 'setLink', params: { network: 'stage', guest: 'linux', change: { up, tx, rx } } }
  expect(ControlRequest.parse(request)).toEqual(request)
})
