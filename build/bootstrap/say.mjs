/** The one way the bootstrap speaks: words on stderr, so that stdout belongs to the command that is being started. */
export function say(text) {
  process.stderr.write(`${text}\n`)
}

/** An end with words and an exit code (the command line's codes: 5 failed, 6 something is missing). */
export class SetupFailure extends Error {
  constructor(message, exitCode = 6) {
    super(message)
    this.name = 'SetupFailure'
    this.exitCode = exitCode
  }
}

/** Runs a bootstrap's main function; a SetupFailure becomes its words and exit code, anything else a crash with a trace. */
export async function runMain(main) {
  try {
    await main()
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error
    say(`\n${error.message}`)
    process.exitCode = error.exitCode
  }
}
