import { useEffect, useRef, useState } from 'react'
import type { ImageReport, ImageSource } from '../../src/contract/image.ts'
import { lineFor } from '../../src/contract/sentence.ts'
import type { Session } from '../store/session.ts'
import { handOver } from './hand-over.ts'

const settleMs = 400

/** A file on its way to become a guest: where it is, what it is by its content, and how far its upload is. */
export interface ChosenFile {
  /** What stands in the path's field. */
  readonly path: string
  readonly source: ImageSource | null
  readonly report: ImageReport | null
  readonly problem: string | null
  /** 0 to 1 while the file is being sent to the host. */
  readonly sending: number | null
  readonly looking: boolean
  type(path: string): void
  take(file: File): Promise<void>
  /** Something was dropped that is no file, or not one alone. */
  refuse(problem: string): void
  cancel(): void
}

const nothing = { path: '', source: null, report: null, problem: null, sending: null, looking: false } as const

/** Follows one chosen file; a newer choice ends the work for an older one. */
export function useFile(session: Session): ChosenFile {
  const [state, setState] = useState<Omit<ChosenFile, 'type' | 'take' | 'refuse' | 'cancel'>>(nothing)
  const work = useRef(new AbortController())
  const begin = () => {
    work.current.abort(new Error('another file was chosen'))
    work.current = new AbortController()
    return work.current.signal
  }
  useEffect(() => () => work.current.abort(new Error('the page was left')), [])

  const inspect = async (source: ImageSource, signal: AbortSignal) => {
    setState((before) => ({ ...before, source, looking: true, sending: null }))
    try {
      const { client } = session.connection
      const report = await client.image.inspect({ source }, { signal })
      // A disc stays in a drive for as long as a guest has it there, so the library keeps what was sent.
      const kept = 'upload' in source && report.format === 'iso' && !signal.aborted ? await client.disc.keep(source, { signal }) : null
      if (!signal.aborted) setState((before) => ({ ...before, report, looking: false, ...(kept === null ? {} : { path: kept.path, source: { path: kept.path } }) }))
    } catch (error) {
      if (!signal.aborted) setState((before) => ({ ...before, problem: lineFor(error), looking: false }))
    }
  }
  return {
    ...state,
    type: (path) => {
      const signal = begin()
      setState({ ...nothing, path })
      if (path.trim() === '') return
      setTimeout(() => {
        if (!signal.aborted) void inspect({ path: path.trim() }, signal)
      }, settleMs)
    },
    take: async (file) => {
      const signal = begin()
      setState({ ...nothing, path: file.name, sending: 0 })
      try {
        const source = await handOver(file, (sending) => !signal.aborted && setState((before) => ({ ...before, sending })), signal)
        if (signal.aborted) return
        if ('path' in source) setState((before) => ({ ...before, path: source.path }))
        await inspect(source, signal)
      } catch (error) {
        if (!signal.aborted) setState((before) => ({ ...before, sending: null, problem: `${file.name} could not be handed to the host: ${error instanceof Error ? error.message : String(error)}.` }))
      }
    },
    refuse: (problem) => {
      begin()
      setState({ ...nothing, problem })
    },
    cancel: () => {
      begin()
      setState(nothing)
    },
  }
}
