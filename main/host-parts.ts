import type { Check, HostInfo, Message } from '../src/contract/host.ts'
import type { GuestName } from '../src/contract/names.ts'
import type { StageView } from '../src/contract/stage.ts'
import type { Publisher } from '../src/publisher.ts'
import type { Stage } from '../src/stage/stage.ts'
import type { AgentService } from './agent-service.ts'
import type { CaptureService } from './capture-service.ts'
import type { CloneService } from './clone-service.ts'
import type { CreateService } from './create-service.ts'
import type { DiscService } from './disc-service.ts'
import type { EditService } from './edit-service.ts'
import type { ExportService } from './export-service.ts'
import type { GuestRegistry } from './guest-registry.ts'
import type { ImageService } from './image-service.ts'
import type { LibraryService } from './library-service.ts'
import type { MixerService } from './mixer-service.ts'
import type { NetworkService } from './network-service.ts'
import type { OsService } from './os-service.ts'
import type { PrivateNetworks } from './private-networks.ts'
import type { PublishService } from './publish-service.ts'
import type { SavedStates } from './saved-states.ts'
import type { TaskService } from './task-service.ts'
import type { TemplateService } from './template-service.ts'
import type { WebService } from './web-service.ts'

/** What the router asks of the composition root. */
export interface HostParts {
  readonly guests: GuestRegistry
  readonly agents: AgentService
  readonly stage: Stage
  readonly network: NetworkService
  readonly networks: PrivateNetworks
  readonly web: WebService
  readonly publishing: PublishService
  readonly capturing: CaptureService
  readonly tasks: TaskService
  readonly templates: TemplateService
  readonly clones: CloneService
  readonly saved: SavedStates
  readonly library: LibraryService
  readonly images: ImageService
  readonly discs: DiscService
  readonly exports: ExportService
  readonly editing: EditService
  readonly creating: CreateService
  readonly systems: OsService
  readonly mixer: MixerService
  readonly stageEvents: Publisher<StageView>
  readonly messages: Publisher<Message>
  readonly recentMessages: () => Message[]
  info(): HostInfo
  doctor(): Promise<Check[]>
  readLog(name: GuestName, source: 'serial' | 'engine', lines: number): Promise<{ text: string; path: string }>
}
