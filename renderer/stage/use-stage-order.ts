import { useShallow } from 'zustand/react/shallow'
import { isOff } from '../../src/contract/guest.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { useWindow } from '../store/context.ts'
import type { WindowState } from '../store/state.ts'
import { guestsOnStage } from './layout.ts'

/** The guests the stage of this state shows, in order. */
export function stageOrder(state: Pick<WindowState, 'order' | 'guests' | 'stage' | 'settings'>): readonly GuestName[] {
  const isOn = (name: GuestName) => !isOff(state.guests[name]?.view.state ?? 'stopped')
  return guestsOnStage(state.order, isOn, state.stage?.guests ?? [], state.settings.onStage)
}

export function useStageOrder(): readonly GuestName[] {
  return useWindow(useShallow(stageOrder))
}
