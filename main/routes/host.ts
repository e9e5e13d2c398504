import type { HostParts } from '../host-parts.ts'
import { base } from './base.ts'

export function hostRoutes(parts: Pick<HostParts, 'info' | 'doctor' | 'mixer' | 'messages' | 'recentMessages'>) {
  const { host } = base
  return {
    info: host.info.handler(() => parts.info()),
    meters: host.meters.handler(({ signal }) => parts.mixer.watchMeters(signal)),
    messages: host.messages.handler(({ signal }) => parts.messages.subscribe(parts.recentMessages(), signal)),
    doctor: host.doctor.handler(() => parts.doctor()),
    budget: host.budget.handler(() => parts.mixer.budget()),
    history: host.history.handler(({ input }) => parts.mixer.history(input.span)),
    exportHistory: host.exportHistory.handler(({ input }) => parts.mixer.exportHistory(input.span)),
  }
}
