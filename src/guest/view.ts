import type { LinkView } from '../contract/link.ts'
import type { Control, ControlName, Priority } from '../contract/control.ts'
import { type ActionAnswer, type AgentState, GuestAction, type GuestKind, type GuestState, type GuestView, type Milestones } from '../contract/guest.ts'
import { howToInstallAgent } from '../contract/guest-agent.ts'
import type { Machine } from '../engine/engine.ts'
import type { AgentFacts } from './agent-watch.ts'
import { firstCard } from './cards.ts'
import type { GuestDefinition } from './definition.ts'
import { isAllowed, refusalReason } from './lifecycle.ts'

/** What to do about an agent that does not answer. */
export function agentAdvice(agent: AgentState, kind: GuestKind): string {
  return agent === 'silent' ? 'It answered before: wait a moment, or restart qemu-guest-agent in the guest.' : `Wait until the guest is up. ${howToInstallAgent(kind)}`
}

/** The answers of the `can` table for every action, with the reasons a person reads on a disabled button. */
export function answerActions(state: GuestState, agent: AgentState, kind: GuestKind): Record<GuestAction, ActionAnswer> {
  const answers = GuestAction.options.map((action): [GuestAction, ActionAnswer] => {
    if (!isAllowed(action, state)) return [action, { allowed: false, reason: `${refusalReason(action, state)}.` }]
    if (action === 'exec' && agent !== 'live') return [action, { allowed: false, reason: `The guest agent does not answer. ${agentAdvice(agent, kind)}` }]
    return [action, { allowed: true, reason: null }]
  })
  return Object.fromEntries(answers) as Record<GuestAction, ActionAnswer> // one entry per option of the enum
}

/** Why there is no screen to show, or null when there is one. */
export function screenReason(state: GuestState): string | null {
  return state === 'running' || state === 'paused' ? null : state === 'starting' ? 'The guest is starting.' : 'The guest is not running.'
}

/** Everything a view is made of; the owner holds it. */
export interface ViewParts {
  readonly definition: GuestDefinition
  readonly state: GuestState
  readonly detail: string | null
  readonly stopDeadline: string | null
  readonly agent: AgentState
  readonly machine: Machine | null
  readonly milestones: Milestones
  readonly facts: AgentFacts
  readonly ipv4: string | null
  readonly linkUp: boolean
  readonly link: LinkView
  readonly controls: Record<ControlName, Control>
  readonly priority: Priority | null
}

export function composeView(parts: ViewParts): GuestView {
  const { definition, state, machine, facts } = parts
  // The stand-in's agent runs on the Linux beneath the desktop: what it says of the system would mislead.
  const os = definition.kind === 'windows-stand-in' ? null : facts.os
  const reason = screenReason(state)
  return {
    name: definition.name,
    title: definition.title,
    kind: definition.kind,
    state,
    detail: parts.detail,
    stopDeadline: parts.stopDeadline,
    agent: parts.agent,
    boot: machine?.boot ?? null,
    startedAt: machine === null ? null : new Date(machine.startedAtMs).toISOString(),
    milestones: parts.milestones,
    os: { name: os?.name ?? definition.os, version: os?.version ?? null, hostName: facts.hostName, source: os === null ? 'definition' : 'agent' },
    network: {
      ...firstCard(definition),
      ipv4: machine === null ? null : parts.ipv4,
      ipv6: machine === null ? null : facts.ipv6,
      linkUp: parts.linkUp,
      link: parts.link,
    },
    screen: { available: reason === null, reason, size: definition.screen },
    clipboard: definition.clipboard,
    vcpus: machine?.spec.vcpus ?? definition.vcpus,
    controls: parts.controls,
    priority: parts.priority,
    policies: definition.policies,
    actions: answerActions(state, parts.agent, definition.kind),
  }
}

/** Two views are the same when nothing a client can see differs. */
export function isSameView(left: GuestView, right: GuestView): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}
