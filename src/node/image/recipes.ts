import { execFile, spawn } from 'node:child_process'
import { existsSync, readFileSync, statfsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { diskFull, makeRoom } from '../../contract/disk-full.ts'
import { Cancelled, Fault, MissingPrerequisite } from '../../contract/refusal.ts'
import { RecipeManifest, type RecipeProgress, parseProgress } from '../../image/recipe.ts'

const run = promisify(execFile)

export type Variant = 'linux' | 'windows-stand-in'

export interface BuiltImage {
  readonly directory: string
  readonly manifest: RecipeManifest
}

/** A build needs about this much room at its peak (packages, root file system, disk). */
const neededBytes = 2.5 * 1024 ** 3

/**
 * The built demonstration guests: `<cache>/recipes/<variant>-<recipe hash>/`. A finished one is used for ever, offline;
 * only a change of the recipe makes a new one. Building is the recipe's own script, run at low priority.
 */
export class Recipes {
  readonly #scripts: string
  readonly #cache: string
  readonly #hashes = new Map<Variant, Promise<string>>()

  constructor(scripts: string, cache: string) {
    this.#scripts = scripts
    this.#cache = cache
  }

  async find(variant: Variant): Promise<BuiltImage | null> {
    const directory = await this.#directory(variant)
    const path = join(directory, 'manifest.json')
    if (!existsSync(path)) return null
    return { directory, manifest: RecipeManifest.parse(JSON.parse(readFileSync(path, 'utf8'))) }
  }

  /** Builds unless built. Cancelling ends the script, which keeps what it has finished for the next try. */
  async build(variant: Variant, progressed: (progress: RecipeProgress) => void, signal: AbortSignal): Promise<BuiltImage> {
    const found = await this.find(variant)
    if (found !== null) return found
    const directory = await this.#directory(variant)
    await mkdir(join(this.#cache, 'recipes'), { recursive: true, mode: 0o700 })
    this.#demandSpace()
    await this.#runScript(variant, directory, progressed, signal)
    const built = await this.find(variant)
    if (built === null) throw new Fault('recipe', `the recipe of ${variant} ended without a result in ${directory}`)
    return built
  }

  async #directory(variant: Variant): Promise<string> {
    let hash = this.#hashes.get(variant)
    if (hash === undefined) {
      hash = run(join(this.#scripts, 'recipe-hash.sh'), ['--variant', variant]).then((result) => result.stdout.trim().slice(0, 16))
      this.#hashes.set(variant, hash)
    }
    return join(this.#cache, 'recipes', `${variant}-${await hash}`)
  }

  #demandSpace(): void {
    const { bavail, bsize } = statfsSync(this.#cache)
    const free = bavail * bsize
    if (free >= neededBytes) return
    throw new MissingPrerequisite('disk space', diskFull({ what: 'building the demonstration guests', place: this.#cache, room: { neededBytes, freeBytes: free } }), `${makeRoom} Or set DIPTYCH_CACHE to a folder on a larger disk.`)
  }

  #runScript(variant: Variant, directory: string, progressed: (progress: RecipeProgress) => void, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = spawn('nice', ['-n', '5', join(this.#scripts, 'build.sh'), '--variant', variant, '--out', directory, '--cache', join(this.#cache, 'downloads')], {
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true, // its own process group, so that cancelling ends its children too
      })
      let complaint = ''
      const cancel = () => {
        if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM')
      }
      signal.addEventListener('abort', cancel, { once: true })
      createInterface({ input: child.stdout }).on('line', (line) => {
        const progress = parseProgress(line)
        if (progress !== null) progressed(progress)
      })
      child.stderr.on('data', (chunk: Buffer) => {
        complaint = (complaint + chunk.toString('utf8')).slice(-4_000)
      })
      child.on('error', (error) => reject(new Fault('recipe', `the recipe of ${variant} could not be run: ${error.message}`)))
      child.on('close', (code) => {
        signal.removeEventListener('abort', cancel)
        if (signal.aborted) reject(new Cancelled(`building ${variant}`))
        else if (code === 0) resolve()
        else reject(scriptFault(variant, code, complaint))
      })
      if (signal.aborted) cancel()
    })
  }
}

function scriptFault(variant: string, code: number | null, complaint: string): Error {
  const last = complaint.trim().split('\n').slice(-3).join(' | ')
  if (code === 6) return new MissingPrerequisite('a build tool', last, 'run npm start once as a user who may install packages, or install the named package')
  return new Fault('recipe', `building ${variant} failed (exit code ${code ?? 'signal'}): ${last}`, { remedy: 'try again: finished steps are kept; see the last lines above' })
}
