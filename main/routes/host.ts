import type { HostParts } from '../host-parts.ts'
import { base } from './base.ts'

export function hostRoutes(parts: Pick<HostParts, 'info' | 'doctor' | 'watchMeters' | 'messages' | 'recentMessages'>) {
  const { host } = base
  return {
    info: host.info.handler(() => parts.info()),
    meters: host.meters.handler(({ signal }) => parts.watchMeters(signal)),
    messages: host.messages.handler(({ signal }) => parts.messages.subscribe(parts.recentMessages(), signal)),
    doctor: host.doctor.handler(() => parts.doctor()),
  }
}
