import type { Command } from 'commander'
import { Policies } from '../../src/contract/policy.ts'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { json, table } from './terminal.ts'
import { readGuestName } from './values.ts'

const rules = {
  restart: 'restart=on-failure or restart=never',
  memory: 'memory=auto, memory.floor=256MiB, memory.ceiling=1GiB or memory=off',
  idle: 'idle=10m:pause, idle=10m:weight=10 or idle=off',
} as const

export function addPoliciesCommand(program: Command, context: CliContext): void {
  program
    .command('policies')
    .description('show or change what the host does for a guest by itself, and what it has done')
    .argument('<guest>', 'the guest')
    .argument('[rule=value...]', 'rules to change; the others stay')
    .option('--json', 'print rules and activity as JSON')
    .addHelpText('after', `\nRules:\n  ${Object.values(rules).join('\n  ')}\n\nExamples:\n  diptych policies linux\n  diptych policies linux restart=on-failure memory=auto idle=10m:weight=10`)
    .action(async (name: string, assignments: string[], options: { json?: true }) => {
      const guest = readGuestName(name)
      const [update, activity] = await withHost(context, async (client) => {
        const before = await client.guest.get({ name: guest })
        const after = assignments.length === 0 ? before : await client.guest.setPolicies({ name: guest, policies: changedPolicies(before.view.policies, assignments) })
        return [after, await client.guest.activity({ name: guest, limit: 20 })] as const
      })
      const { terminal } = context
      const { policies } = update.view
      if (options.json) return terminal.print(json({ policies, activity }))
      const rows = Object.entries(policies).map(([key, value]) => [key, inWords(value)])
      terminal.print(rows.length === 0 ? `${guest} has no rules.` : table(['RULE', ''], rows))
      for (const entry of activity) terminal.print(`${entry.at}  ${entry.text}${entry.rule === null ? '' : `  (${entry.rule})`}`)
    })
}

function inWords(rule: string | object = ''): string {
  if (typeof rule === 'string') return rule
  return Object.entries(rule).map(([part, value]) => `${part}: ${String(value)}`).join(', ')
}

/** Throws CommandFailure (usage) saying what would be right. */
export function changedPolicies(before: Policies, assignments: readonly string[]): Policies {
  const after: Record<string, unknown> = structuredClone(before)
  for (const assignment of assignments) {
    const [, key = '', value = ''] = /^([a-z.]+)=(.+)$/.exec(assignment) ?? []
    const changed = readRule(key, value, after)
    if (changed === null || isMalformed({ ...after, ...changed })) throw new CommandFailure(exitCodes.usage, `"${assignment}" is not a rule.`, `Rules: ${Object.values(rules).join('; ')}.`)
    Object.assign(after, changed)
  }
  const policies = Policies.safeParse(Object.fromEntries(Object.entries(after).filter(([, value]) => value !== undefined)))
  if (policies.success) return policies.data
  throw new CommandFailure(exitCodes.usage, `These rules do not go together: ${policies.error.issues.map(({ message }) => message).join('; ')}.`, 'Give values that do.')
}

/** A single rule is; whether the rules go together shows once all of them are there. */
function isMalformed(policies: object): boolean {
  return Policies.safeParse(policies).error?.issues.some(({ code }) => code !== 'custom') ?? false
}

/** What the assignment changes; null when there is no such rule. */
function readRule(key: string, value: string, before: Record<string, unknown>): Record<string, unknown> | null {
  const memory = before['memory'] as Policies['memory']
  switch (key) {
    case 'restart':
      return { restart: value }
    case 'memory':
      return value === 'off' ? { memory: undefined } : value === 'auto' ? { memory: { ...memory, auto: true } } : null
    case 'memory.floor':
    case 'memory.ceiling':
      return { memory: { auto: true, ...memory, [key.slice('memory.'.length)]: value } }
    case 'idle': {
      if (value === 'off') return { idle: undefined }
      const [after = '', then = ''] = value.split(':')
      // oxlint-disable-next-line unicorn/no-thenable -- `then` is the rule's own word, and never a function
      return { idle: { after, then } }
    }
    default:
      return null
  }
}
