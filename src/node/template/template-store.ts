import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { GuestName } from '../../contract/names.ts'
import { Fault, Refusal, reasonOf } from '../../contract/refusal.ts'
import { halfWritten, syncPath, writeFileAtomic } from '../file/atomic.ts'
import { type FrozenMemory, type TemplateFile, formatTemplateFile, parseTemplateFile } from './template-file.ts'

const unfinished = '.new-'
const going = '.gone-'

/** A template's folder whose file cannot be used; it is left as it is. */
export interface UnusableTemplate {
  readonly name: string
  readonly reason: string
}

/**
 * The templates on disk: `<data>/templates/<name>/` with `template.yaml`, `disk.qcow2`, and for live ones `ram.img`,
 * `device.state` and `manifest.json`; `screen.png` and the guest's `kernel/` where there are such. One appears and goes by a
 * single rename(2) of its folder.
 */
export class TemplateStore {
  readonly root: string
  /** What was read last, and of which file: a clone asks for its template many times. */
  readonly #read = new Map<GuestName, { readonly of: string; readonly template: TemplateFile }>()

  constructor(dataDirectory: string) {
    this.root = join(dataDirectory, 'templates')
    mkdirSync(this.root, { recursive: true, mode: 0o700 })
  }

  directory(name: GuestName): string {
    return join(this.root, name)
  }

  disk(name: GuestName): string {
    return join(this.directory(name), 'disk.qcow2')
  }

  isTaken(name: GuestName): boolean {
    return existsSync(this.directory(name))
  }

  names(): GuestName[] {
    return readdirSync(this.root).flatMap((entry) => GuestName.safeParse(entry).data ?? []).sort()
  }

  /** Throws what is wrong with its file. */
  read(name: GuestName): TemplateFile {
    const path = join(this.directory(name), 'template.yaml')
    const { ino, size, mtimeMs } = statSync(path)
    const of = `${ino} ${size} ${mtimeMs}`
    const known = this.#read.get(name)
    if (known?.of === of) return known.template
    const template = parseTemplateFile(readFileSync(path, 'utf8'), path)
    if (template.name !== name) throw new Error(`${path} names the template "${template.name}", but its folder is "${name}"`)
    this.#read.set(name, { of, template })
    return template
  }

  /** All that can be used; `unusable` is told of the others. */
  load(unusable: (template: UnusableTemplate) => void = () => undefined): TemplateFile[] {
    return this.names().flatMap((name) => {
      try {
        return [this.read(name)]
      } catch (error) {
        unusable({ name, reason: reasonOf(error) })
        return []
      }
    })
  }

  /** A new name for a folder in which a template is put together; what is in it when this process dies is swept. */
  begin(): string {
    return join(this.root, `${unfinished}${randomBytes(6).toString('hex')}`)
  }

  /** The finished folder becomes the template's. Throws Refusal when the name was taken meanwhile. */
  async place(folder: string, template: TemplateFile): Promise<void> {
    await writeFileAtomic(join(folder, 'template.yaml'), formatTemplateFile(template))
    if (this.isTaken(template.name)) throw new Refusal('already-exists', template.name, 'another template has that name')
    renameSync(folder, this.directory(template.name))
    syncPath(this.root)
  }

  rewrite(template: TemplateFile): Promise<void> {
    return writeFileAtomic(join(this.directory(template.name), 'template.yaml'), formatTemplateFile(template))
  }

  /** For good; the caller has made sure that nothing stands on it. Answers the bytes that were freed. */
  async remove(name: GuestName): Promise<number> {
    const folder = join(this.root, `${going}${randomBytes(6).toString('hex')}`)
    this.#read.delete(name)
    const freed = this.bytes(name)
    try {
      renameSync(this.directory(name), folder)
    } catch (error) {
      throw new Fault('disk', `the template ${name} could not be removed: ${reasonOf(error)}`, { cause: error })
    }
    syncPath(this.root)
    await rm(folder, { recursive: true, force: true })
    return freed.disk + freed.memory
  }

  /** What its disk and its memory take on the host's disk. */
  bytes(name: GuestName): { disk: number; memory: number } {
    const used = (file: string) => (statSync(join(this.directory(name), file), { throwIfNoEntry: false })?.blocks ?? 0) * 512
    return { disk: used('disk.qcow2'), memory: used('ram.img') + used('device.state') }
  }

  /** Removes what killed hosts left. Only for the holder of the data directory's lock. */
  recover(): void {
    for (const entry of readdirSync(this.root)) {
      if (entry.startsWith(unfinished) || entry.startsWith(going)) rmSync(join(this.root, entry), { recursive: true, force: true })
      else if (GuestName.safeParse(entry).success) putInOrder(join(this.root, entry))
    }
  }
}

/** A killed host may have been writing a new title, or have left the memory writable that an older QEMU was opening. */
function putInOrder(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (halfWritten(name) === 'template.yaml') rmSync(join(folder, name), { force: true })
    if (name === 'ram.img') chmodSync(join(folder, name), 0o400)
  }
}

export function memoryIn(folder: string): FrozenMemory | null {
  const found = statSync(join(folder, 'ram.img'), { throwIfNoEntry: false })
  return found === undefined ? null : { bytes: found.size, modifiedMs: found.mtimeMs }
}

/** Throws Fault unless the memory's file is the one that was frozen: a page that was changed in it is changed in every clone. */
export function demandUntouched(store: TemplateStore, { name, memory }: TemplateFile): void {
  const found = memoryIn(store.directory(name))
  if (memory !== null && found?.bytes === memory.bytes && found.modifiedMs === memory.modifiedMs) return
  throw new Fault('template', `the saved memory of ${name} was changed since it was made`, { remedy: 'make the template anew; its clones can still be started from their disks' })
}
