import type { HttpLine } from '../contract/network.ts'
import { Fifo } from './fifo.ts'
import type { HttpFlow } from './http-flow.ts'
import type { TlsFlow } from './tls-flow.ts'

/**
 * What one guest takes of the HTTP log: the connections it began, their lines, the work its segments make. Changed by
 * HttpLog alone, which lets nobody take more than an equal part of what others want.
 */
export class HttpShare {
  /** Oldest first. */
  readonly flows = new Map<string, HttpFlow | TlsFlow>()
  readonly lines = new Fifo<HttpLine>()
  /** Work made in the log's span `span`. */
  work = 0
  span = 0
  /** Its guest has no port any more: only its lines are left. */
  left = false
  /** Its segments that were not read under load. */
  sampledOut = 0
  /** Its connections that were followed no longer because there were too many. */
  displaced = 0

  get isEmpty(): boolean {
    return this.flows.size === 0 && this.lines.length === 0
  }
}
