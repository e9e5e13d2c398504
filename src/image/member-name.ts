import { demand, unsafe } from './image-problem.ts'

/**
 * A file that an image, a descriptor or an archive names, as a path relative to where it stands. Throws ImageProblem
 * (unsafe) for anything that could lead elsewhere: absolute paths, `..`, Windows drives, URLs and QEMU's own protocol
 * names (`nbd:`, `json:`, `fd:`), control characters.
 */
export function relativeName(name: string, what: string): string {
  const shown = JSON.stringify(name.slice(0, 120))
  // oxlint-disable-next-line no-control-regex -- these are what is refused
  demand(name !== '' && name.length <= 1_023 && !/[\u0000-\u001f\u007f"]/.test(name), () => unsafe(`${what} has the name ${shown}, which no file should have`))
  demand(!/^[^/\\]*:/.test(name), () => unsafe(`${what} is named ${shown}: that is an address, not a file beside it`))
  demand(!/^[/\\]/.test(name), () => unsafe(`${what} is named ${shown}: an absolute path, not a file beside it`))
  const parts = name.split(/[/\\]/).filter((each) => each !== '' && each !== '.')
  demand(parts.length > 0 && !parts.includes('..'), () => unsafe(`${what} is named ${shown}, which leads out of its folder`))
  return parts.join('/')
}

/** The same where the format allows a file of the same folder alone. */
export function plainName(name: string, what: string): string {
  const relative = relativeName(name, what)
  demand(!relative.includes('/'), () => unsafe(`${what} is named ${JSON.stringify(name)}: it has to lie in the same folder`))
  return relative
}
