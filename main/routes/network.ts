import type { HostParts } from '../host-parts.ts'
import { linkPresets } from '../network-service.ts'
import { base } from './base.ts'

export function networkRoutes({ guests, network, networks, publishing, capturing, tasks }: Pick<HostParts, 'guests' | 'network' | 'networks' | 'publishing' | 'capturing' | 'tasks'>) {
  const route = base.network
  return {
    get: route.get.handler(() => network.report()),
    presets: route.presets.handler(() => [...linkPresets]),
    watch: route.watch.handler(({ signal }) => network.publisher.subscribe([{ type: 'meters', at: new Date().toISOString(), network: network.view() }], signal)),
    publish: route.publish.handler(({ input }) => publishing.publish(guests.get(input.guest).definition.name, input.port, input.hostPort)),
    unpublish: route.unpublish.handler(({ input }) => publishing.unpublish(guests.get(input.guest).definition.name, input.port)),
    publications: route.publications.handler(() => publishing.list()),
    startCapture: route.startCapture.handler(({ input }) => capturing.start(input.network, input.guest === null ? null : guests.get(input.guest).definition.name, input.maxBytes)),
    stopCapture: route.stopCapture.handler(({ input }) => capturing.stop(input.id)),
    captures: route.captures.handler(() => capturing.list()),
    list: route.list.handler(() => networks.list()),
    create: route.create.handler(({ input }) => networks.create(input.name, input.subnet)),
    delete: route.delete.handler(({ input }) => networks.delete(input.name)),
    connect: route.connect.handler(({ input }) => networks.connect(input.guest, input.network)),
    disconnect: route.disconnect.handler(({ input }) => networks.disconnect(input.guest, input.network)),
    setUplink: route.setUplink.handler(({ input }) => networks.setUplink(input.guest, input.on)),
    restart: route.restart.handler(() => tasks.run({ kind: 'network', title: 'restart the network', guest: null, cancellable: false }, (_signal, progress) => network.restart(progress))),
    requests: route.requests.handler(({ input }) => network.requests(input.limit)),
  }
}
