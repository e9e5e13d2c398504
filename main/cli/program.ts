import { Command, CommanderError } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { sentenceFor, troubleOf } from '../../src/contract/sentence.ts'
import { addBudgetCommand } from './budget.ts'
import { addCaptureCommand } from './capture.ts'
import { addCloneCommand } from './clone.ts'
import { addCompletionCommand } from './completion.ts'
import { addCreateCommand } from './create.ts'
import type { CliContext } from './context.ts'
import { addCopyCommand } from './cp.ts'
import { addCrossfadeCommand } from './crossfade.ts'
import { addDeleteCommand, addRenameCommand } from './delete.ts'
import { addDiscCommands } from './disc.ts'
import { addDoctorCommand } from './doctor.ts'
import { addDownCommand } from './down.ts'
import { addEditCommand } from './edit.ts'
import { addExecCommand, ProgramFailure } from './exec.ts'
import { CommandFailure, exitCodeOf, exitCodes } from './exit-code.ts'
import { addExportCommand } from './export.ts'
import { addFlattenCommand } from './flatten.ts'
import { addHistoryCommand } from './history.ts'
import { addImageCommands } from './image.ts'
import { addImportCommand } from './import.ts'
import { addInfoCommand } from './info.ts'
import { addKeynoteCommand } from './keynote.ts'
import { addListCommand } from './list.ts'
import { addLogsCommand } from './logs.ts'
import { addNetworkCommands } from './network.ts'
import { addOsCommand } from './os.ts'
import { addPauseCommand } from './pause.ts'
import { addPoliciesCommand } from './policies.ts'
import { addPresetsCommand } from './presets.ts'
import { addPublishCommands } from './publish.ts'
import { addResetCommand } from './reset.ts'
import { addRestartCommand } from './restart.ts'
import { addResizeCommand } from './resize.ts'
import { addResumeCommand } from './resume.ts'
import { addScreenshotCommand } from './screenshot.ts'
import { addServeCommand, type ServeCommandParts } from './serve.ts'
import { addSetCommand } from './set.ts'
import { addSnapshotCommands } from './snapshot.ts'
import { addStartCommand } from './start.ts'
import { addStopCommand } from './stop.ts'
import { addSuspendCommand } from './suspend.ts'
import { json } from './terminal.ts'
import { addTrashCommands } from './trash.ts'
import { addTemplateCommands } from './template.ts'
import { addTopCommand } from './top.ts'
import { addUpCommand } from './up.ts'
import { addWebCommand } from './web.ts'

/** The whole command line, writing to the context's terminal only. */
export function createProgram(context: CliContext, parts: ServeCommandParts): Command {
  const program = new Command('diptych')
    .description('Two or more operating systems, live and side by side, on one private network.')
    .version(packageJson.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .exitOverride()
    .configureOutput({ writeOut: (text) => context.terminal.print(text.trimEnd()), writeErr: (text) => context.terminal.say(text.trimEnd()) })
    .showHelpAfterError('(`diptych <command> --help` shows what a command takes)')
    .addHelpText(
      'after',
      `
Exit codes:
  0 done   1 the answer is no   2 usage   3 not found   4 refused in this state
  5 the host or an engine failed   6 something is missing   130 interrupted

Examples:
  diptych up                                   make and start the demonstration pair
  diptych serve --open                         open the window
  diptych set linux memory=384MiB cpu=50%      move sliders
  diptych web                                  do the guests open each other's pages?

Files: DIPTYCH_HOME moves everything below one folder. NO_COLOR turns colour off.`,
    )
  for (const add of [addUpCommand, addDownCommand, addListCommand, addInfoCommand, addStartCommand, addStopCommand, addRestartCommand, addPauseCommand, addResumeCommand, addSuspendCommand, addSnapshotCommands, addResetCommand, addSetCommand, addTopCommand, addCrossfadeCommand, addBudgetCommand, addHistoryCommand, addPoliciesCommand, addCreateCommand, addEditCommand, addRenameCommand, addResizeCommand, addDeleteCommand, addTrashCommands, addTemplateCommands, addCloneCommand, addFlattenCommand, addOsCommand, addPresetsCommand, addNetworkCommands, addWebCommand, addPublishCommands, addCaptureCommand, addScreenshotCommand, addExecCommand, addCopyCommand, addImportCommand, addExportCommand, addImageCommands, addDiscCommands]) add(program, context)
  addServeCommand(program, context, parts)
  for (const add of [addKeynoteCommand, addDoctorCommand, addLogsCommand, addCompletionCommand]) add(program, context)
  return program
}

/** Runs one command line (without `node` and the script) and returns its exit code. Never throws. */
export async function runCommandLine(args: readonly string[], context: CliContext, parts: ServeCommandParts): Promise<number> {
  try {
    await createProgram(context, parts).parseAsync(args, { from: 'user' })
    return exitCodes.done
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage // commander has said it
    if (error instanceof ProgramFailure) return error.exitCode // what it wrote says why
    return tell(error, context, args.includes('--json'))
  }
}

/** Words on stderr always; with --json, the error as a document on stdout too, unless the answer itself is there. */
function tell(error: unknown, context: CliContext, asJson: boolean): number {
  if (context.interrupted.aborted && !(error instanceof CommandFailure)) {
    context.terminal.say('Interrupted.')
    return exitCodes.interrupted
  }
  const exitCode = exitCodeOf(error)
  const { what, wayOut } = error instanceof CommandFailure ? { what: error.message, wayOut: error.wayOut } : sentenceFor(error)
  context.terminal.say([what, wayOut].filter((part) => part !== null).join(' '))
  if (asJson && exitCode !== exitCodes.no) context.terminal.print(json({ error: { code: error instanceof CommandFailure ? 'CLI' : troubleOf(error), exitCode, what, wayOut } }))
  return exitCode
}
