import type { Duplex } from 'node:stream'
import { noAnswer, readAnswer, type PageAnswer } from '../web/answer.ts'

const mostBytes = 1_048_576

/**
 * Asks for a page over a connection that is made for it: HTTP/1.0, so that the answer ends with the connection. Reads at
 * most 1 MiB. Never rejects: a connection that fails or takes longer than `timeoutMs` is an answer of "no".
 */
export async function fetchOver(connect: () => Promise<Duplex>, url: URL, timeoutMs: number): Promise<PageAnswer> {
  const begun = performance.now()
  const took = () => Math.round(performance.now() - begun)
  let stream: Duplex | null = null
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no complete answer within ${timeoutMs / 1000} s`)), timeoutMs)
  })
  const connecting = connect().then((made) => (stream = made))
  try {
    const open = await Promise.race([connecting, late])
    open.write(`GET ${url.pathname}${url.search} HTTP/1.0\r\nHost: ${url.host}\r\nUser-Agent: diptych\r\nAccept: */*\r\nConnection: close\r\n\r\n`)
    const text = await Promise.race([readAll(open), late])
    return readAnswer(text, took())
  } catch (error) {
    return noAnswer(error instanceof Error ? error.message : String(error), took())
  } finally {
    clearTimeout(timer)
    if (stream === null) connecting.then((made) => made.destroy(), () => {}) // it came too late, or not at all
    else (stream as Duplex).destroy()
  }
}

async function readAll(stream: Duplex): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    if (!Buffer.isBuffer(chunk)) continue
    chunks.push(chunk)
    length += chunk.length
    if (length > mostBytes) break
  }
  return Buffer.concat(chunks).toString('utf8')
}
