import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'

/** A folder that stands for a mounted control group hierarchy: its files keep what is written, as no kernel does. Each test has its own. */
export class CgroupTree {
  #root = ''

  constructor() {
    beforeEach(() => void (this.#root = mkdtempSync(join(tmpdir(), 'diptych-cgroup-'))))
    afterEach(() => rmSync(this.#root, { recursive: true, force: true }))
  }

  get root(): string {
    return this.#root
  }

  path(...path: string[]): string {
    return join(this.#root, ...path)
  }

  read(...path: string[]): string {
    return readFileSync(this.path(...path), 'utf8')
  }

  /** Also makes the groups on the way. */
  put(path: string, text: string): void {
    mkdirSync(dirname(this.path(path)), { recursive: true })
    writeFileSync(this.path(path), text)
  }
}
