/**
 * Why a file from elsewhere is not taken. unsafe: it asks for what such a file has no business to; damaged: it is cut short
 * or contradicts itself; unsupported: sound, but not something that becomes a guest. `remedy` is the way out.
 */
export class ImageProblem extends Error {
  override readonly name = 'ImageProblem'
  readonly kind: 'unsafe' | 'damaged' | 'unsupported'
  readonly remedy: string | undefined
  constructor(kind: ImageProblem['kind'], reason: string, remedy?: string) {
    super(reason)
    this.kind = kind
    this.remedy = remedy
  }
}

export const damaged = (reason: string, remedy?: string): ImageProblem => new ImageProblem('damaged', reason, remedy)
export const unsafe = (reason: string, remedy?: string): ImageProblem => new ImageProblem('unsafe', reason, remedy)
export const unsupported = (reason: string, remedy: string): ImageProblem => new ImageProblem('unsupported', reason, remedy)

/** Throws what `problem` makes unless the condition holds. */
export function demand(condition: boolean, problem: () => ImageProblem): asserts condition {
  if (!condition) throw problem()
}
