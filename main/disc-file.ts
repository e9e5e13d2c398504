import { Refusal, reasonOf } from '../src/contract/refusal.ts'
import { ImageProblem } from '../src/image/image-problem.ts'
import { examine } from '../src/node/image/examine.ts'
import { isMissing } from './error-map.ts'

/** Reads its headers. Throws Refusal, saying what it is instead, for a file that is no disc; or what the file system said. */
export async function demandDisc({ path, name }: { readonly path: string; readonly name: string }): Promise<void> {
  try {
    const { what } = await examine(path, { raw: false })
    if (what !== 'disc') throw new Refusal('not-importable', name, `it is a ${what}, not a disc`, 'import it as it is')
  } catch (error) {
    throw error instanceof ImageProblem ? new Refusal(error.kind === 'unsupported' ? 'not-importable' : error.kind, name, error.message, error.remedy) : error
  }
}

/** Why a file cannot be put into a drive, in a sentence; null when it can. */
export async function discFault(path: string): Promise<string | null> {
  try {
    await demandDisc({ path, name: path })
    return null
  } catch (error) {
    if (isMissing(error)) return `There is no file ${path}.`
    return error instanceof Refusal ? `${path} is no disc for a drive: ${error.message}.` : `${path} cannot be read: ${reasonOf(error)}.`
  }
}
