import type { Command } from './commands.ts'

/**
 * The commands whose group and title contain every word typed, best first: titles that begin with the text, then
 * those where a word does, then the rest, each in its given order.
 */
export function searchCommands(commands: readonly Command[], text: string): readonly Command[] {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== '')
  if (words.length === 0) return commands
  const found: { command: Command; rank: number }[] = []
  for (const command of commands) {
    const title = command.title.toLowerCase()
    const whole = `${command.group?.toLowerCase() ?? ''} ${title}`
    if (!words.every((word) => whole.includes(word))) continue
    const first = words[0] ?? ''
    found.push({ command, rank: title.startsWith(first) ? 0 : ` ${whole}`.includes(` ${first}`) ? 1 : 2 })
  }
  return found.sort((left, right) => left.rank - right.rank).map((entry) => entry.command)
}
