import { Bytes, type ByteSource, latin1, part, readExactly } from './byte-source.ts'
import { damaged, demand, unsafe } from './image-problem.ts'
import { relativeName } from './member-name.ts'

/** A file in an archive; `source` reads it where it lies, nothing is unpacked. */
export interface TarMember {
  readonly name: string
  readonly offset: number
  readonly size: number
}

const block = 512
/** An OVA holds a description, its checksums, a certificate, and a file for each disk and language. */
const mostMembers = 256
const longestNote = 64 * 1024

const refusedTypes: Readonly<Record<string, string>> = { '1': 'a link', '2': 'a link', '3': 'a device', '4': 'a device', '6': 'a named pipe', S: 'a sparse file (GNU)', V: 'a volume label', M: 'a part of a file on another volume', D: 'a folder dump' }

/** Whether a file begins with a tar header: its checksum is right (POSIX.1-1988 ustar, and the older forms). */
export function isTar(start: Uint8Array): boolean {
  return start.length >= block && (start[0] ?? 0) !== 0 && hasChecksum(start.subarray(0, block))
}

/**
 * Lists an archive's files. Throws ImageProblem for links, devices, sparse members, two members of one name, names that
 * lead elsewhere, members that go beyond the archive's end, and archives of too many.
 */
export async function readTar(source: ByteSource): Promise<TarMember[]> {
  const members: TarMember[] = []
  const names = new Set<string>()
  let notes: Notes = { path: null, size: null }
  let headers = 0
  for (let at = 0; at + block <= source.size; ) {
    const raw = await readExactly(source, at, block, 'archive header')
    if (raw.every((byte) => byte === 0)) return members
    demand(hasChecksum(raw), () => damaged('a header of the archive is broken'))
    demand((headers += 1) <= mostMembers * 2 && members.length < mostMembers, () => unsafe(`it has more than ${mostMembers} members, which no machine's archive has`))
    const header = new Bytes(raw, 'big')
    const type = String.fromCharCode(header.u8(156) || 0x30)
    const size = notes.size !== null && !'xgLK'.includes(type) ? notes.size : numberAt(raw, 124, 12)
    const data = at + block
    demand(data + size <= source.size, () => damaged('a member goes beyond its end: it is cut short'))
    at = data + Math.ceil(size / block) * block
    if (type === 'x' || type === 'g' || type === 'L' || type === 'K') {
      demand(size <= longestNote, () => unsafe('the name or note of a member is absurdly long'))
      notes = readNote(type, await readExactly(source, data, size, 'archive note'), notes)
      continue
    }
    const refused = refusedTypes[type]
    demand(refused === undefined && '057'.includes(type), () => unsafe(`it holds ${refused ?? `a member of unknown kind ("${type}")`}; a machine's archive holds plain files`))
    const written = notes.path ?? nameOf(header)
    notes = { path: null, size: null }
    if (type === '5' && /^[./]*$/.test(written) && !written.includes('..') && !written.startsWith('/')) continue // "./" itself
    const name = relativeName(written, 'a member')
    demand(!names.has(name), () => unsafe(`two of its members are named "${name}"`))
    names.add(name)
    if (type !== '5') members.push({ name, offset: data, size })
  }
  return members
}

/** A member's bytes, read where they lie. */
export function openMember(source: ByteSource, member: TarMember): ByteSource {
  return part(source, member.offset, member.size)
}

interface Notes {
  readonly path: string | null
  readonly size: number | null
}

/** pax records (POSIX.1-2001, "pax Extended Header") and GNU long names, for the member that follows. */
function readNote(type: string, bytes: Uint8Array, before: Notes): Notes {
  if (type === 'K') throw unsafe('it holds a link')
  if (type === 'L') return { ...before, path: new TextDecoder().decode(bytes).replace(/\0+$/, '') }
  let notes = before
  for (let at = 0; at < bytes.length; ) {
    const head = /^(\d{1,5}) /.exec(latin1(bytes.subarray(at, at + 6)))
    const length = Number(head?.[1] ?? 0)
    demand(head !== null && length > head[0].length && at + length <= bytes.length, () => damaged('a note of the archive is broken'))
    const [, key = '', value = ''] = /^([^=]*)=(.*)\n$/s.exec(new TextDecoder().decode(bytes.subarray(at + head[0].length, at + length))) ?? []
    demand(!key.startsWith('GNU.sparse') && key !== 'linkpath', () => unsafe('it holds a sparse file or a link; a machine\'s archive holds plain files'))
    demand(type === 'x' || (key !== 'path' && key !== 'size'), () => unsafe('it renames all of its members at once'))
    if (key === 'path') notes = { ...notes, path: value }
    if (key === 'size') {
      demand(/^\d{1,15}$/.test(value), () => damaged('the size of a member is no number'))
      notes = { ...notes, size: Number(value) }
    }
    at += length
  }
  return notes
}

function nameOf(header: Bytes): string {
  const prefix = header.text(257, 6) === 'ustar' && header.u8(263) === 0x30 ? header.text(345, 155) : ''
  return prefix === '' ? header.text(0, 100) : `${prefix}/${header.text(0, 100)}`
}

/** Octal text, or GNU's base-256 when the first bit is set. Throws for what is neither, or no exact number. */
function numberAt(raw: Uint8Array, at: number, length: number): number {
  const field = raw.subarray(at, at + length)
  if (((field[0] ?? 0) & 0x80) !== 0) {
    const value = field.slice(1).reduce((sum, byte) => sum * 256 + byte, (field[0] ?? 0) & 0x7f)
    demand(Number.isSafeInteger(value), () => damaged('the size of a member is absurd'))
    return value
  }
  const text = latin1(field).replace(/[\0 ]+$/, '').trim()
  demand(/^[0-7]{0,12}$/.test(text), () => damaged('the size of a member is no number'))
  return text === '' ? 0 : Number.parseInt(text, 8)
}

/** The header's bytes add up to its checksum, the checksum itself counted as blanks. */
function hasChecksum(raw: Uint8Array): boolean {
  const text = latin1(raw.subarray(148, 156)).replace(/[\0 ]+$/, '').trim()
  if (!/^[0-7]{1,7}$/.test(text)) return false
  const sum = raw.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0)
  return sum === Number.parseInt(text, 8)
}
