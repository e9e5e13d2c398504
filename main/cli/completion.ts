import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Argument, type Command } from 'commander'
import { GuestName } from '../../src/contract/names.ts'
import { editable } from './edit-values.ts'
import type { CliContext } from './context.ts'

/** Each shell asks `diptych __complete -- WORDS…` and offers the lines it prints. */
const scripts = {
  bash: `_diptych() {
  local IFS=$'\\n' word="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=($(compgen -W "$(diptych __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "$word"))
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -o default -F _diptych diptych`,
  zsh: `#compdef diptych
_diptych() {
  local -a candidates
  candidates=("\${(@f)$(diptych __complete -- "\${words[@]:1:$((CURRENT-1))}" 2>/dev/null)}")
  [[ -n $candidates[1] ]] && compadd -- $candidates || _files
}
compdef _diptych diptych`,
  fish: `complete -c diptych -f -a '(diptych __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'`,
} as const

export function addCompletionCommand(program: Command, context: CliContext): void {
  program
    .command('completion')
    .description('print a completion script for your shell')
    .addArgument(new Argument('<shell>', 'your shell').choices(Object.keys(scripts)))
    .addHelpText('after', '\nExamples:\n  diptych completion bash > ~/.local/share/bash-completion/completions/diptych\n  diptych completion zsh > "${fpath[1]}/_diptych"\n  diptych completion fish > ~/.config/fish/completions/diptych.fish')
    .action((shell: keyof typeof scripts) => context.terminal.print(scripts[shell]))
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action((words: string[]) => {
      const found = candidates(program, words, () => guestNames(context))
      if (found.length > 0) context.terminal.print(found.join('\n'))
    })
}

/** What can be set, by the name of the argument that takes it. */
const settingKeys: Readonly<Record<string, readonly string[]>> = { 'setting=value': ['memory=', 'vcpus=', 'cpu=', 'cpu.weight=', 'disk.iops=', 'disk.bandwidth=', 'priority=', 'link='], 'field=value': Object.keys(editable).map((key) => `${key}=`) }

/** What may stand where the last of `words` is being typed. */
export function candidates(program: Command, words: readonly string[], guests: () => readonly string[]): readonly string[] {
  const typed = words.at(-1) ?? ''
  const verbs = program.commands.filter((command) => !command.name().startsWith('__'))
  const all = words.length <= 1 ? [...verbs.map((command) => command.name()), '--help', '--version'] : forCommand(verbs, words, guests)
  return all.filter((word) => word.startsWith(typed))
}

function forCommand(verbs: readonly Command[], words: readonly string[], guests: () => readonly string[]): readonly string[] {
  const command = verbs.find((candidate) => candidate.name() === words[0] || candidate.aliases().includes(words[0] ?? ''))
  if (command === undefined) return []
  if (command.commands.length > 0) return words.length === 2 ? command.commands.map((each) => each.name()) : forCommand(command.commands, words.slice(1), guests)
  const typed = words.at(-1) ?? ''
  if (typed.startsWith('-')) return [...command.options.map((option) => option.long ?? option.short ?? ''), '--help']
  const before = command.options.find((option) => option.required && (option.long === words.at(-2) || option.short === words.at(-2)))
  if (before !== undefined) return before.argChoices ?? []
  const position = words.slice(1, -1).filter((word) => !word.startsWith('-')).length
  const places = command.registeredArguments
  const argument = places[position] ?? (places.at(-1)?.variadic ? places.at(-1) : undefined)
  if (argument === undefined) return []
  if (argument.argChoices !== undefined) return argument.argChoices
  return settingKeys[argument.name()] ?? guests()
}

/** Read from the directory, not asked of a host: completion must answer at once and start nothing. */
function guestNames(context: CliContext): readonly string[] {
  try {
    return readdirSync(join(context.directories.data, 'guests')).filter((name) => GuestName.safeParse(name).success)
  } catch {
    return [] // no guests yet
  }
}
